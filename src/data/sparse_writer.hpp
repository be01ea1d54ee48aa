// SPDX-License-Identifier: BSD-3-Clause
// Sparse rows on their way into a file, in the layout of AnnData's csr_matrix: /X/data,
// /X/indices and, of each row, where its values begin: /X/indptr.
#pragma once

#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/parallel_file.hpp>
#include "data/run_writer.hpp"

namespace superstep {

class SparseWriter {
 public:
  /// What a value takes while it is written: alone by its rank, or by all together.
  static constexpr Index bytes_alone = 32;
  static constexpr Index bytes_together = 72;

  /// `path`: of the file, for messages.
  SparseWriter(std::string path, const RowFormat& format);

  /// Of [first, first + count), the first rows of tasks and the end of the last: none goes over a
  /// row that the shape knows.
  std::vector<Index> tasks_of(Index first, Index count) const;

  /// The group and its datasets. **Collective.**
  void create_in(ParallelFile& file, const DatasetOptions& options);
  /// Attributes; the same call on every rank.
  void describe_in(ParallelFile& file) const;

  /// Before a portion is filled by so many tasks, in the order of its rows.
  void begin(Index tasks);
  SparsePart* rows_of(Index task) { return &parts_[static_cast<std::size_t>(task)]; }
  /// DataError where a value of the portion, which begins at row `first`, is too large for what is
  /// written.
  void require_floats(Index first) const;
  /// Rows [first, first + count) of this rank alone; the first one is one that the shape knows.
  void put_alone(ParallelFile& file, Index first, Index count);
  /// Rows of this rank, which follow those of lower ranks; the portions of all ranks follow those
  /// of the call before. **Collective.**
  void put(const Communicator& comm, ParallelFile& file, Index first, Index count);

 private:
  [[noreturn]] void throw_changed() const;
  void put_part(ParallelFile& file, const SparsePart& part, Index at) const;
  std::vector<Index> begins(Index first, Index count, Index at) const;
  std::string joined_values() const;

  std::string path_;
  const RowFormat& format_;
  const SparseShape& shape_;
  ParallelFile::Dataset data_{};
  ParallelFile::Dataset indices_{};
  ParallelFile::Dataset indptr_{};
  std::vector<SparsePart> parts_;
  RunWriter value_run_;
  RunWriter column_run_;
  Index taken_ = 0;  // values of the portions before
};

}  // namespace superstep
