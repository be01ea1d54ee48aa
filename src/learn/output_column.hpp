// SPDX-License-Identifier: BSD-3-Clause
// What a model gives for rows, on its way into one dataset of a file.
#pragma once

#include <optional>
#include <string>

#include <superstep/io/parallel_file.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

/// Numbers, or classes in the labels' own type.
class OutputColumn {
 public:
  /// The model must outlive it.
  OutputColumn(const Model& model, Method method);

  Index width() const { return width_; }
  /// Whether the values are whole numbers: clusters, classes.
  bool is_integer() const { return is_cluster_ || (labels_ != nullptr && labels_->is_integer()); }
  /// The number that a value stands for; not for text.
  double number(double value) const;
  /// `is_table`: two dimensions even for one column. **Collective.**
  void create_in(ParallelFile& file, const std::string& path, Index rows, bool is_table);
  /// FileError on this rank alone.
  void write(ParallelFile& file, Index first, Index rows, const double* values) const;

 private:
  ElementType type() const;

  Index width_;
  const Labels* labels_;  ///< null: the values are no class codes
  bool is_cluster_;
  std::optional<ParallelFile::Dataset> dataset_;
};

}  // namespace superstep
