// SPDX-License-Identifier: BSD-3-Clause
// The two parts of a split as sources of rows: the dataset's rows that train, or those that are
// tested, in the order of the dataset. Nothing is kept for a row.
#pragma once

#include <memory>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/data/split.hpp>

namespace superstep {

class TableRows;

class SplitParts {
 public:
  /// Counts the rows of both parts in every block, and finds the labels of targets and groups that
  /// are text. **Collective.**
  SplitParts(const Communicator& comm, std::shared_ptr<Dataset> data, SplitPtr split,
             const ParallelFor& parallel_for);

  Index rows(Role role) const { return before(role).back(); }
  /// Features keep their precision, columns of a table their kinds, targets and groups stay numbers
  /// or text; weights are doubles. May outlive this.
  std::unique_ptr<RowSource> source(Role role) const;

 private:
  const std::vector<Index>& before(Role role) const {
    return role == Role::train ? train_before_ : test_before_;
  }
  /// Whether parts are sparse rows; of a table whose only feature is text they are tables.
  bool keeps_sparse() const { return data_->is_sparse() && table_ == nullptr; }
  void count_rows(const Communicator& comm, const ParallelFor& parallel_for);

  std::shared_ptr<Dataset> data_;
  SplitPtr split_;
  std::shared_ptr<const TableRows> table_;  ///< of a table
  RowFormat format_;                        ///< of both, without the number of rows
  std::vector<double> group_numbers_;       ///< by code, of groups that are numbers
  std::vector<Index> train_before_;         ///< rows of the part before each block, and all of them
  std::vector<Index> test_before_;
  SparseShape train_shape_;  ///< of sparse rows, block by block
  SparseShape test_shape_;
  std::vector<Index> train_text_bytes_;  ///< of the part, one for each column of free text
  std::vector<Index> test_text_bytes_;
};

}  // namespace superstep
