// SPDX-License-Identifier: BSD-3-Clause
// How much memory a rank may use: what the user said, else its share of what the node gives.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <superstep/comm/communicator.hpp>

namespace superstep {

struct MemoryBudget {
  std::size_t bytes = 0;
  std::string source;  ///< "--memory", "this node's free memory, 2 ranks"
};

/// The least budget of the ranks: what is planned by it, every rank plans alike. Each has what was
/// asked for it, else its share of its node. `source` says whose it is where others have far more.
/// **Collective.**
MemoryBudget memory_budget(const Communicator& comm, std::optional<std::size_t> asked,
                           const std::string& asked_by = "--memory");

/// Peak resident memory of this process so far.
std::size_t peak_resident_bytes();

}  // namespace superstep
