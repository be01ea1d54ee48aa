// SPDX-License-Identifier: BSD-3-Clause
// What several splitters ask of their parameters and data, in scikit-learn's words.
#pragma once

#include <cstdint>
#include <optional>

#include <superstep/engine/engine.hpp>

#include "data/split_rules.hpp"

namespace superstep {

/// The seed of a splitter: random_state, or that of the engine.
inline std::uint64_t seed_of(const Engine& engine, std::optional<Index> random_state) {
  return random_state ? static_cast<std::uint64_t>(*random_state) : engine.options().seed;
}

}  // namespace superstep
