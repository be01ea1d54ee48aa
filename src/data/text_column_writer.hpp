// SPDX-License-Identifier: BSD-3-Clause
// A column of free text on its way into a file: the bytes of all rows behind each other, and where
// each row's begin.
#pragma once

#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/parallel_file.hpp>
#include "data/run_writer.hpp"

namespace superstep {

class TextColumnWriter {
 public:
  /// `group`: "/table_text/name"; `bytes`: of all rows.
  TextColumnWriter(std::string group, Index rows, Index bytes)
      : group_(std::move(group)), rows_(rows), run_(bytes, 1) {}

  const std::string& group() const { return group_; }
  /// `data` and `indptr`, to be created; then given.
  std::vector<ParallelFile::NewDataset> datasets(const DatasetOptions& options) const;
  void take(ParallelFile::Dataset data, ParallelFile::Dataset indptr) {
    data_ = data;
    indptr_ = indptr;
  }

  /// Before a portion is filled by so many tasks, in the order of its rows.
  void begin(Index tasks);
  TextRows* rows_of(Index task) { return &parts_[static_cast<std::size_t>(task)]; }
  /// Rows [first, first + count) of this rank, which follow those of lower ranks; the portions of
  /// all ranks follow those of the call before. **Collective.**
  void put(const Communicator& comm, ParallelFile& file, Index first, Index count);

 private:
  std::string joined(std::vector<Index>& starts);
  void put_starts(const Communicator& comm, ParallelFile& file, Index first, Index count,
                  const std::vector<Index>& starts) const;

  std::string group_;
  Index rows_;
  RunWriter run_;
  ParallelFile::Dataset data_{};
  ParallelFile::Dataset indptr_{};
  std::vector<TextRows> parts_;
  Index taken_ = 0;  // bytes of the portions before
};

}  // namespace superstep
