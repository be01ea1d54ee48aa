// SPDX-License-Identifier: BSD-3-Clause
// The partitions that splitters make: by place, by class and place, by group, within a split. And
// the splits that are made of them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <superstep/data/dataset.hpp>
#include <superstep/data/split.hpp>

#include "data/permutation.hpp"

namespace superstep {

/// Cells are runs of rows, in the order of their places or in a drawn one.
class RunPartition final : public Partition {
 public:
  /// `starts`: where cells 1, 2, ... begin, ascending.
  explicit RunPartition(std::vector<Index> starts, std::optional<Permutation> order = {});
  Index cells() const override { return std::ssize(starts_) + 1; }
  void assign(const Block& block, std::int32_t* cell) const override;

 private:
  std::vector<Index> starts_;
  std::optional<Permutation> order_;
};

/// Cells are runs within each class.
class ClassPartition final : public Partition {
 public:
  /// `starts`: for each class of `data`, the positions at which its cells 1, 2, ... begin, a row of
  /// cells - 1 ascending ones. The classes of `data` must stay as they are.
  ClassPartition(std::shared_ptr<const Dataset> data, Index cells, std::vector<Index> starts,
                 std::optional<Permutation> order);
  Index cells() const override { return cells_; }
  void assign(const Block& block, std::int32_t* cell) const override;

 private:
  std::shared_ptr<const Dataset> data_;
  Index cells_;
  std::vector<Index> starts_;
  std::optional<Permutation> order_;
};

/// A cell is some of the groups.
class GroupPartition final : public Partition {
 public:
  /// `cell_of_group`: one for each group of `data`.
  GroupPartition(std::shared_ptr<const Dataset> data, Index cells,
                 std::vector<std::int32_t> cell_of_group);
  Index cells() const override { return cells_; }
  void assign(const Block& block, std::int32_t* cell) const override;

 private:
  std::shared_ptr<const Dataset> data_;
  Index cells_;
  std::vector<std::int32_t> cell_of_group_;
};

/// The cells of a partition, for the rows that train in a split; behind them one for the rows that
/// it tests, and one for those that it does not use, if there are any.
class WithinSplit final : public Partition {
 public:
  WithinSplit(SplitPtr split, std::shared_ptr<const Partition> cells);
  Index cells() const override { return cells_->cells() + 1 + (has_unused_ ? 1 : 0); }
  void assign(const Block& block, std::int32_t* cell) const override;

 private:
  SplitPtr split_;
  std::shared_ptr<const Partition> cells_;
  bool has_unused_;
};

/// Splits that test one cell and train on all others, for every cell in turn. `cell_rows`: rows of
/// each. Further cells are not used.
std::vector<SplitPtr> test_each_cell(const std::shared_ptr<const Partition>& partition,
                                     const std::vector<Index>& cell_rows);

/// Lengths of the k runs that n rows make: the first n % k are longer by one.
std::vector<Index> run_lengths(Index n, Index k);
/// Where runs 1, 2, ... begin.
std::vector<Index> run_starts(const std::vector<Index>& lengths);

}  // namespace superstep
