// SPDX-License-Identifier: BSD-3-Clause
#include "learn/seen_moments.hpp"

#include <algorithm>

namespace superstep {

std::vector<Moments> seen_moments(Engine& engine, const Table& table, const MomentSums& sums,
                                  const MomentsRequest& request, std::span<const View> views,
                                  double bearable) {
  constexpr double bearable_behind_projections = 16.0;
  std::vector<Moments> seen(views.size());
  std::vector<Engine::Work> again;
  for (std::size_t i = 0; i < views.size(); ++i) {
    const View& view = views[i];
    Moments m = sums.training(view.split);
    bool is_lost = m.is_lost(bearable);
    if (view.features) m = moments_behind(*view.features, m);
    // A scaling changes no column's digits; what a projection leaves of them shows behind it.
    const bool is_projected = view.features && !view.features->is_diagonal();
    is_lost = is_lost || (is_projected && m.amplification() > bearable_behind_projections);
    const Index columns = m.mean.size();
    seen[i] = std::move(m);
    if (!is_lost) continue;
    again.push_back({moments_footprint(columns), [&, i] {
                       seen[i] = views[i].features
                                     ? moments(engine, seen_by(views[i], table), request)
                                     : sums.exactly(engine, views[i].split, bearable);
                     }});
  }
  if (again.size() == 1) again.front().run();
  if (again.size() > 1) engine.side_by_side_where_there_is_room(std::move(again));
  return seen;
}

}  // namespace superstep
