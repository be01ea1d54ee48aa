// SPDX-License-Identifier: BSD-3-Clause
// A stored block as the kernels see it: the table's rows, behind its transformers. Features stay in
// the form in which they are stored where all rows are wanted as they are. One worker's scratch.
#pragma once

#include <cstdint>

#include <superstep/data/target_function.hpp>

namespace superstep {

class BlockView {
 public:
  /// Another block is begun: what was made of the one before is of no use.
  void next_block() { widened_.forget(); }
  /// `position` numbers the block among the selected ones. Valid until the next call.
  Block of(const Table& table, Index position, const StoredBlock& stored);

 private:
  void choose_rows(const Table& table, Block& block);
  void change_targets(const TargetFunction& function, Block& block);
  void weigh_classes(const std::vector<double>& factors, Block& block);
  template <class T>
  const double* copy_chosen(const T* from, const BlockPlan& plan, const Block& block);
  double* next_scratch(const BlockPlan& plan, Index columns);

  void keep_sparse(const StoredBlock& stored, Index rows, Block& block);
  void apply(const RowMap& map, const BlockPlan& plan, Block& block);

  Widened widened_;       ///< all rows of the stored block, for every table that wants them
  Widened widened_view_;  ///< of sparse rows, those of one table
  SparseRows sparse_;
  Buffer<Index> begin_, end_;
  SparseRowsOut sparse_out_[2];
  Buffer<double> scratch_[2];
  int next_ = 0;
  Buffer<std::int32_t> cells_, taken_;
  Buffer<double> y_, changed_y_, weight_, group_, class_weight_;
};

}  // namespace superstep
