// SPDX-License-Identifier: BSD-3-Clause
// The k-th smallest values of columns, exactly, over all ranks: medians and quantiles.
#pragma once

#include <functional>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// Of one column: its values that are not NaN, and the wanted ones of them.
struct OrderValues {
  Index count = 0;
  std::vector<double> values;  ///< as they were asked for; none where count is 0
};

/// Which places in ascending order are wanted of so many values: from 0 on.
using WantedPlaces = std::function<std::vector<Index>(Index count)>;

/// Of each column of the table. Values are found 11 bits at a time, so six passes. **Collective.**
std::vector<OrderValues> order_values(Engine& engine, const Table& table,
                                      const WantedPlaces& wanted);

/// As numpy.median: of two in the middle their mean; NaN for a column without values.
Vector medians_of(Engine& engine, const Table& table);

/// As numpy.nanpercentile's 'linear': one row for each fraction in [0, 1], one column each.
Matrix quantiles_of(Engine& engine, const Table& table, const std::vector<double>& fractions);

/// What they take beside the blocks.
Footprint order_values_footprint(Index columns, Index wanted);
inline constexpr Index order_values_passes = 6;

}  // namespace superstep
