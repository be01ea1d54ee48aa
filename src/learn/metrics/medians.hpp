// SPDX-License-Identifier: BSD-3-Clause
// Weighted medians over all rows without keeping any: the bits of the median are found from the
// first to the last, eleven in a pass, by counting what weighs below.
#pragma once

#include <span>

#include <superstep/engine/engine.hpp>

#include "learn/metrics/judging.hpp"

namespace superstep {

/// Doubles of a block's partial that a plan's medians need.
Index median_sums(const MetricPlan& plan);

/// Fills in MetricStatistics::median_error and absolute_error_of_median of those models that need
/// them and have not failed. `base`: all rows, without maps. **Collective.**
void find_medians(Engine& engine, const Table& base, std::span<Judging* const> models);

}  // namespace superstep
