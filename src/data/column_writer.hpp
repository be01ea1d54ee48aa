// SPDX-License-Identifier: BSD-3-Clause
// /y, /weight and the like on their way into a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <superstep/data/buffer.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/parallel_file.hpp>

namespace superstep {

/// One value per row, or a few numbers, on their way into the file.
class ColumnWriter {
 public:
  ColumnWriter(std::string path, TargetFormat format);

  /// **Collective.**
  void create_in(ParallelFile& file, Index rows, const DatasetOptions& options) {
    std::vector<Index> shape = {rows};
    if (format_.columns > 1) shape.push_back(format_.columns);
    dataset_ = file.create_dataset(path_, type_, shape, options);
  }
  void grow(Index rows) { values_.grow(rows * format_.columns); }
  /// Of a row of the portion.
  double* values(Index row) { return values_.data() + row * format_.columns; }
  void put(ParallelFile& file, Index first, Index count);

 private:
  std::string path_;
  TargetFormat format_;
  ElementType type_;
  std::optional<ParallelFile::Dataset> dataset_;
  Buffer<double> values_;
  std::vector<std::int64_t> integers_;
  std::vector<std::int32_t> codes_;
};

}  // namespace superstep
