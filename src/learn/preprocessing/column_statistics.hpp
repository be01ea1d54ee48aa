// SPDX-License-Identifier: BSD-3-Clause
// Counts, means and variances of columns, for every fold of a batch in one pass, of the values that
// are not missing.
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// Weighted count, mean and variance of the values of each column that are not missing.
struct ColumnStatistics {
  Vector counts;
  Vector mean;
  Vector variance;
};

enum class Weighing { by_row, none };

/// Of the rows each split trains on (null: all rows). **Collective.**
std::vector<ColumnStatistics> statistics_of(Engine& engine, const Table& table,
                                            std::span<const SplitPtr> splits, Weighing weighing);

/// Doubles that a block's sums of a cell take, sparse rows being those that take more.
constexpr Index statistics_sums(Index columns) { return 5 * columns + 2; }

}  // namespace superstep
