// SPDX-License-Identifier: BSD-3-Clause
// The least and the greatest value of each column among the rows of a fold: exact, so they tell
// which columns are constant there where sums can only guess.
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// NaN where a column has no value.
struct Extremes {
  Vector low;
  Vector high;

  bool is_constant(Index column) const { return low[column] == high[column]; }
};

/// Of the rows that each split trains on (null: all rows) whose weight is above zero; NaN is left
/// out. One pass for all splits. **Collective.**
std::vector<Extremes> extremes_of(Engine& engine, const Table& table,
                                  std::span<const SplitPtr> splits);

}  // namespace superstep
