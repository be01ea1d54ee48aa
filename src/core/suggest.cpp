// SPDX-License-Identifier: BSD-3-Clause
// Optimal string alignment distance, and the phrase built on it.
#include <superstep/core/suggest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <superstep/core/text.hpp>

namespace superstep {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::string x = to_lower(a);
  const std::string y = to_lower(b);
  // Rows i-2, i-1 and i of the table of distances between prefixes (optimal string alignment).
  std::vector<std::size_t> before(y.size() + 1), last(y.size() + 1), now(y.size() + 1);
  for (std::size_t j = 0; j <= y.size(); ++j) now[j] = j;
  for (std::size_t i = 1; i <= x.size(); ++i) {
    std::swap(before, last);
    std::swap(last, now);
    now[0] = i;
    for (std::size_t j = 1; j <= y.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
  }
  return now[y.size()];
}

std::optional<std::string> nearest_name(std::string_view name,
                                        const std::vector<std::string>& candidates) {
  std::optional<std::string> nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string& candidate : candidates) {
    // About a third of the letters may be wrong; the beginning of a longer name is near as well.
    const std::size_t allowed = std::max(name.size(), candidate.size()) / 3;
    std::size_t distance = edit_distance(name, candidate);
    if (name.size() >= 3 && to_lower(candidate).starts_with(to_lower(name))) {
      distance = std::min(distance, allowed);
    }
    if (distance <= allowed && distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto nearest = nearest_name(name, candidates)) {
    return fmt::format("did you mean '{}'?", *nearest);
  }
  if (candidates.empty()) return "there is none";
  constexpr std::size_t longest = 150;
  const std::string all = "choose one of " + join(candidates, "or");
  if (all.size() <= longest) return all;
  constexpr std::size_t most_named = 3;
  const std::vector<std::string> first(candidates.begin(), candidates.begin() + most_named);
  return fmt::format("there are {} of them, such as {}", candidates.size(), join(first, "and"));
}

}  // namespace superstep
