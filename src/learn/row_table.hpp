// SPDX-License-Identifier: BSD-3-Clause
// What a model gives for rows as a CSV file or an array of NumPy's, by the suffix of the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <superstep/io/piecewise_file.hpp>
#include <superstep/learn/model.hpp>

#include "learn/output_column.hpp"

namespace superstep {

enum class OutputFormat { hdf5, csv, npy };
/// ".csv" and ".npy", in any case; all else is HDF5.
OutputFormat output_format(std::string_view path);

class RowTable {
 public:
  /// `columns`: of `transform`; of other methods none. **Collective.**
  RowTable(const Communicator& comm, const std::string& path, const Model& model, Method method,
           const Schema& columns, Index rows);

  /// A run of rows, in any order of the runs. FileError on this rank alone.
  void write(Index first, Index rows, const double* values);
  /// **Collective.**
  void commit();

 private:
  std::string csv_head() const;
  std::string npy_head() const;
  void append_csv(Index column, double value);
  void append_npy(double value);

  OutputFormat format_;
  OutputColumn column_;
  Method method_;
  const Labels* classes_;
  std::vector<std::string> names_;
  Index rows_;
  std::vector<std::string> label_cells_;  ///< a label as it stands in the file, by class code
  std::vector<std::vector<std::string>> level_cells_;  ///< likewise, of columns with categories
  std::string text_;
  PiecewiseFile file_;
};

}  // namespace superstep
