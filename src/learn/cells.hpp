// SPDX-License-Identifier: BSD-3-Clause
// The cells of a batch: sums that are kept for each cell of a partition serve every split of it.
// Splits that share a partition share its cells; candidates without a split have one cell with all
// rows.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <superstep/data/split.hpp>
#include <superstep/engine/workspace.hpp>

#include "learn/features.hpp"

namespace superstep {

class Cells {
 public:
  /// Rows of a block by their numbers; not given: all of them.
  using Rows = std::optional<std::span<const std::int32_t>>;

  /// Null stands for all rows. Partitions come in the order of their first split.
  explicit Cells(std::span<const SplitPtr> splits);

  Index size() const { return size_; }
  /// Whether some split trains or tests on the cell's rows.
  bool is_used(Index cell) const { return used_[static_cast<std::size_t>(cell)]; }
  /// The cells whose rows have that role, ascending. All rows are training rows.
  std::vector<Index> with_role(const SplitPtr& split, Role role) const;
  /// The cells of the split's partition, used or not.
  std::vector<Index> of_partition(const SplitPtr& split) const;

  /// Calls use(cell, rows) for each cell that has rows of the block. Takes the integers 0, 1 and 2
  /// of the workspace.
  template <class F>
  void each(const Block& block, Workspace& workspace, F&& use) const {
    for (const Part& part : parts_) each_of(part, block, workspace, use);
  }
  /// Calls use(first, cell) for each partition: row i of the block lies in the cell first +
  /// cell[i]; cell is null where there is only one. Takes the integers 0 of the workspace.
  template <class F>
  void each_partition(const Block& block, Workspace& workspace, F&& use) const {
    for (const Part& part : parts_) {
      std::int32_t* cell = nullptr;
      if (part.partition != nullptr) {
        cell = workspace.integers(0, block.rows);
        part.partition->assign(block, cell);
      }
      use(part.first, static_cast<const std::int32_t*>(cell));
    }
  }

 private:
  struct Part {
    const Partition* partition;  ///< null: all rows
    Index first;                 ///< number of its first cell
    Index cells;
  };
  const Part& part_of(const SplitPtr& split) const;

  template <class F>
  static void each_of(const Part& part, const Block& block, Workspace& workspace, F&& use) {
    if (part.partition == nullptr) return use(part.first, Rows());
    const Index n = block.rows;
    std::int32_t* cell = workspace.integers(0, n);
    part.partition->assign(block, cell);
    if (std::all_of(cell, cell + n, [&](std::int32_t c) { return c == cell[0]; })) {
      return use(part.first + cell[0], Rows());
    }
    std::int32_t* rows = workspace.integers(1, n);
    std::int32_t* end = workspace.integers(2, part.cells + 1);  // of each cell's rows, so far
    std::fill_n(end, part.cells + 1, 0);
    for (Index i = 0; i < n; ++i) ++end[cell[i] + 1];
    for (Index c = 0; c < part.cells; ++c) end[c + 1] += end[c];
    for (Index i = 0; i < n; ++i) rows[end[cell[i]]++] = static_cast<std::int32_t>(i);
    for (Index c = 0; c < part.cells; ++c) {
      const Index begin = c == 0 ? 0 : end[c - 1];
      if (end[c] == begin) continue;
      use(part.first + c, Rows({rows + begin, static_cast<std::size_t>(end[c] - begin)}));
    }
  }

  std::vector<Part> parts_;
  std::vector<bool> used_;
  Index size_ = 0;
};

/// Calls f(i) for the numbers of these rows of the block, in order.
template <class F>
void for_rows(const Block& block, const Cells::Rows& rows, F&& f) {
  if (!rows) {
    for (Index i = 0; i < block.rows; ++i) f(i);
  } else {
    for (const std::int32_t i : *rows) f(Index{i});
  }
}

/// Calls f(part) with blocks that hold these rows side by side, without targets and groups: the
/// block itself, or a few rows at a time. Takes the doubles 2 and 3 of the workspace.
template <class F>
void for_parts(const Block& block, const Cells::Rows& rows, Workspace& workspace, F&& f) {
  if (!rows) return f(block);
  constexpr Index tall = 64;
  Block part = block;
  part.y = part.group = nullptr;
  part.taken = nullptr;
  double* x = workspace.doubles(2, tall * block.columns);
  double* weight = workspace.doubles(3, tall);
  part.x = x;
  if (block.weight != nullptr) part.weight = weight;
  for (std::size_t first = 0; first < rows->size(); first += tall) {
    const auto some = rows->subspan(first, std::min<std::size_t>(tall, rows->size() - first));
    for (std::size_t i = 0; i < some.size(); ++i) {
      with_features(block, [&](auto all) {
        std::copy_n(all.row(some[i]), block.columns, x + static_cast<Index>(i) * block.columns);
      });
      if (block.weight != nullptr) weight[i] = block.weight[some[i]];
    }
    part.rows = static_cast<Index>(some.size());
    f(std::as_const(part));
  }
}

/// Calls f(sparse rows, how many, weights) with these rows of a block of sparse rows. Takes the
/// doubles 2 to 4 of the workspace.
template <class F>
void for_sparse_rows(const Block& block, const Cells::Rows& rows, Workspace& workspace, F&& f) {
  const SparseRows& all = *block.x.sparse();
  if (!rows) return f(all, block.rows, block.weight);
  const Index n = std::ssize(*rows);
  static_assert(sizeof(Index) == sizeof(double));
  const SparseRows some = chosen_rows(all, *rows, reinterpret_cast<Index*>(workspace.doubles(2, n)),
                                      reinterpret_cast<Index*>(workspace.doubles(3, n)));
  double* weight = block.weight == nullptr ? nullptr : workspace.doubles(4, n);
  for (Index i = 0; weight != nullptr && i < n; ++i) {
    weight[i] = block.weight[(*rows)[static_cast<std::size_t>(i)]];
  }
  f(some, n, weight);
}

/// Calls f(part) with a block that holds these rows of a block of sparse rows, without targets and
/// groups: likewise.
template <class F>
void for_sparse_part(const Block& block, const Cells::Rows& rows, Workspace& workspace, F&& f) {
  for_sparse_rows(block, rows, workspace,
                  [&](const SparseRows& x, Index count, const double* weights) {
                    Block part = block;
                    part.y = part.group = nullptr;
                    part.taken = nullptr;
                    part.weight = weights;
                    part.rows = count;
                    Widened widened;
                    part.x = {x, count, block.columns, widened};
                    f(std::as_const(part));
                  });
}

/// Doubles of scratch for a row of a block that all of this takes, for Footprint::row_doubles.
inline Index scratch_for_cells(Index cells, Index columns) {
  if (cells == 1) return 0;
  // The 64 rows of for_parts, spread over the rows of a block (4096, fewer where they are wide).
  return 2 + std::min(columns, columns / 64 + columns * columns / 65536);
}

/// The distinct partitions of some splits, each with the numbers of its splits, in the order of
/// their first.
std::vector<std::vector<std::size_t>> by_partition(std::span<const SplitPtr> splits);

}  // namespace superstep
