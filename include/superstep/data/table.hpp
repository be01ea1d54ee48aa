// SPDX-License-Identifier: BSD-3-Clause
// What an estimator sees: a dataset, how its targets are read, which rows (a fold), and a chain of
// fitted transformers that ride along. Nothing is materialised: the chain is applied to a block on
// its way to the kernel (rule 5).
#pragma once

#include <memory>
#include <vector>

#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>

namespace superstep {

/// Of sparse rows so many are written out at a time, where nothing else can be done with them.
constexpr Index rows_written_out = 64;

/// A fitted transformer, row by row. Implementations are immutable and used by many threads.
class RowMap {
 public:
  virtual ~RowMap() = default;
  virtual Index columns_in() const = 0;
  virtual Index columns_out() const = 0;
  /// rows x columns_in -> rows x columns_out. `in` and `out` do not overlap.
  virtual void apply(const double* in, Index rows, double* out) const = 0;
  /// The same of sparse rows, which are written out, a few at a time, where it has no other way.
  virtual void apply_to_sparse(const SparseRows& in, Index rows, double* out) const;
  /// Doubles that this takes for rows that are written out, however many there are.
  virtual Index sparse_scratch() const { return rows_written_out * columns_in(); }
  /// Whether it has a way for sparse rows of its own, which leaves them sparse.
  virtual bool keeps_sparse() const { return false; }
  /// That: for each row what it becomes, by put() and end_row().
  virtual void apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const;
};

struct Table {
  std::shared_ptr<Dataset> data;
  Target target = Target::none;
  std::vector<std::shared_ptr<const RowMap>> maps;
  MayMiss may_miss{};  ///< where NaN stands for a missing value and is handed on

  Index block_stride = 1;  ///< every so-manyth block is looked at

  /// Factor on the weights of each class's rows, by class code; null: all 1. The target must be
  /// read as classes.
  std::shared_ptr<const std::vector<double>> class_weight{};

  SplitPtr split{};  ///< only the rows with `role` in this split; null: all
  Role role = Role::train;

  /// Of all blocks.
  Index rows() const { return split ? split->rows(role) : data->rows(); }
  /// Columns behind the last transformer.
  Index columns() const { return maps.empty() ? data->columns() : maps.back()->columns_out(); }
  /// Whether kernels see sparse rows: as the data are, and no transformer changes that.
  bool is_sparse() const;
  /// The same rows seen through one more transformer.
  Table through(std::shared_ptr<const RowMap> map) const;
  Table with_target(Target other) const;
  /// A sample: every `stride`-th block of the plan. Only these are read in a pass.
  Table every(Index stride) const;
  /// Only the rows with that role. Needs a table of all rows.
  Table only(SplitPtr split, Role role) const;
};

}  // namespace superstep
