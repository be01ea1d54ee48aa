// SPDX-License-Identifier: BSD-3-Clause
// Squares of targets and errors around their means, for rows whose common sums have lost them: in a
// fold that lies far from the other rows and hardly varies, or not at all.
#pragma once

#include <span>

#include <superstep/engine/engine.hpp>

#include "learn/metrics/judging.hpp"

namespace superstep {

/// Of the regressors whose statistics say so, in two passes for all of them; no pass where there is
/// none. **Collective.**
void find_lost_spreads(Engine& engine, const Table& base, std::span<Judging* const> models);

}  // namespace superstep
