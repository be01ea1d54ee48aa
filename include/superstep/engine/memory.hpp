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
  std::string source;      ///< "--memory", "this node's free memory, 2 ranks"
  std::size_t taken = 0;   ///< of these, by the process itself: program, libraries, MPI
  std::size_t varies = 0;  ///< what `taken` may be above this at another start
  std::size_t for_work() const { return bytes > taken ? bytes - taken : 0; }
};

/// The least budget of the ranks: what is planned by it, every rank plans alike. Each has what was
/// asked for it, else its share of its node; what is taken of it is the most that any has taken.
/// `source` says whose it is where others have far more.
/// **Collective.**
MemoryBudget memory_budget(const Communicator& comm, std::optional<std::size_t> asked,
                           const std::string& asked_by = "--memory", std::size_t taken = 0);

/// What this process takes now, and what its libraries will take yet whatever the work is.
std::size_t taken_by_process();

/// Has freed memory go back to the system soon. The C library would keep up to 64 MiB of it, by
/// what was freed before, which no budget can tell. For programs, at their start.
void return_freed_memory();

/// Once: what is free between what is not, in the memory of all threads.
void return_free_pages();

/// Peak resident memory of this process so far.
std::size_t peak_resident_bytes();

}  // namespace superstep
