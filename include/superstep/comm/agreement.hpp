// SPDX-License-Identifier: BSD-3-Clause
// What all ranks have to be told alike: the command, its options, the program itself and the
// variables it heeds. Ranks that were told different things would go different ways.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>

namespace superstep {

/// What a rank was told: "--seed" and "1", what matters most first.
using Told = std::vector<std::pair<std::string, std::string>>;

/// The program of this rank, by version and instruction sets, and the variables of its environment
/// that ranks heed together.
Told told_by_surroundings();

/// AgreedError (usage) where a rank was told something else than the root, which names what, both
/// values and both ranks. **Collective.**
void require_same(const Communicator& comm, const Told& told);

}  // namespace superstep
