// SPDX-License-Identifier: BSD-3-Clause
// How many candidates get how much: successive halving (as scikit-learn's HalvingGridSearchCV) and
// Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018), in whole numbers throughout,
// so that no bracket is lost to a logarithm's rounding.
#pragma once

#include <optional>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// So many candidates are trained with so many resources; the best go on to the next rung.
struct Rung {
  Index candidates = 0;
  Index resources = 0;
  bool operator==(const Rung&) const = default;
};
using Bracket = std::vector<Rung>;

/// The largest k with base^k <= value. base >= 2, value >= 1.
Index whole_logarithm(Index value, Index base);

struct HalvingOptions {
  Index factor = 3;
  std::optional<Index> min_resources{};  ///< none: as few as let the last rung use all of them
  Index max_resources = 0;
  Index smallest = 1;  ///< fewer resources than this make no sense
};

/// The rungs for so many candidates. UsageError for options that contradict each other.
Bracket halving_rungs(Index candidates, const HalvingOptions& options);

/// Hyperband's brackets, the most aggressive first. UsageError unless max_resources >= 1 and
/// factor >= 2.
std::vector<Bracket> hyperband_brackets(Index max_resources, Index factor);

}  // namespace superstep
