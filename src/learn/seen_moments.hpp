// SPDX-License-Identifier: BSD-3-Clause
// The moments of many views from the sums of one pass. Views whose digits are lost are looked at
// again side by side, so that they share their passes, too.
#pragma once

#include <span>
#include <vector>

#include <superstep/learn/gram.hpp>

#include "learn/views.hpp"

namespace superstep {

/// What each view shows of the table, around its means, with digits lost at most as far as is
/// bearable (Moments::amplification); a projection may leave less of them than its columns have.
/// What one view is told does not depend on the others. `sums` are those of `request`, of the
/// views' splits. **Collective.**
std::vector<Moments> seen_moments(Engine& engine, const Table& table, const MomentSums& sums,
                                  const MomentsRequest& request, std::span<const View> views,
                                  double bearable = Moments::most_amplification);

}  // namespace superstep
