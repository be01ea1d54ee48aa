// SPDX-License-Identifier: BSD-3-Clause
// Columns of a dataset that are carried over into a file of results: /y, /weight.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/data/dataset.hpp>
#include <superstep/io/parallel_file.hpp>

namespace superstep {

/// One value per row, of the selected rows, in the type of the file: float16 and long double become
/// float64, smaller integers int32, larger ones int64, text and odd enumerations text of a fixed
/// length.
class CarriedColumn {
 public:
  /// `from`: a dataset of the file of `data`; `to`: its name in the new file. **Collective.**
  CarriedColumn(const Communicator& comm, std::shared_ptr<const Dataset> data,
                const std::string& from, std::string to);
  ~CarriedColumn();

  /// **Collective.**
  void create_in(ParallelFile& file);
  /// This rank's share. FileError and DataError on this rank alone.
  void write_to(ParallelFile& file) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
