// SPDX-License-Identifier: BSD-3-Clause
// The k-th smallest values of columns, exactly, over all ranks: medians and quantiles.
#pragma once

#include <functional>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/preprocessing/column_statistics.hpp"

namespace superstep {

/// Of one column: its values that are not NaN, and the wanted ones of them.
struct OrderValues {
  double weight = 0.0;         ///< of all; their number where each counts once
  std::vector<double> values;  ///< as they were asked for; none where there are none
  Index count() const { return static_cast<Index>(weight); }
};

/// The first value, in ascending order, up to which all weigh at least so much, or more than that.
struct WantedValue {
  double weight;
  bool is_beyond;
};

/// What is wanted of a column whose values weigh so much together.
using WantedValues = std::function<std::vector<WantedValue>(Index column, double weight)>;
/// Which places in ascending order are wanted of so many values: from 0 on.
using WantedPlaces = std::function<std::vector<Index>(Index count)>;

/// Of each column of the table. Values are found a few bits at a time: 11 where few are wanted, so
/// in six passes. **Collective.**
std::vector<OrderValues> order_values(Engine& engine, const Table& table, Weighing weighing,
                                      const WantedValues& wanted);
std::vector<OrderValues> order_values(Engine& engine, const Table& table,
                                      const WantedPlaces& wanted);

/// As numpy.median: of two in the middle their mean; NaN for a column without values.
Vector medians_of(Engine& engine, const Table& table);

/// As numpy.nanpercentile's 'linear': one row for each fraction in [0, 1], one column each.
Matrix quantiles_of(Engine& engine, const Table& table, const std::vector<double>& fractions);

/// What they take beside the blocks.
Footprint order_values_footprint(Index columns, Index wanted);
inline constexpr Index order_values_passes = 6;  ///< where few are wanted
Index order_values_passes_for(Index columns, Index wanted);

}  // namespace superstep
