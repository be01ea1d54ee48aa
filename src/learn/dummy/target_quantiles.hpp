// SPDX-License-Identifier: BSD-3-Clause
// Quantiles of the targets, exactly, over all ranks.
#pragma once

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// As numpy.percentile's 'linear': one entry a target, of the rows of the table; where rows have
/// weights the first value up to which they weigh that fraction of all, as scikit-learn has it.
/// Values are found 11 bits at a time. **Collective**, six passes.
Vector target_quantiles(Engine& engine, const Table& table, double fraction);

/// What they take beside the blocks.
Footprint target_quantiles_footprint(Index targets);
inline constexpr Index target_quantiles_passes = 6;

}  // namespace superstep
