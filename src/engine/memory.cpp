// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/memory.hpp>

#include <fmt/format.h>
#include <sys/resource.h>

#include <superstep/engine/allocation.hpp>

namespace superstep {

MemoryBudget memory_budget(const Communicator& comm, std::optional<std::size_t> asked) {
  if (asked) return {*asked, "--memory"};
  const int ranks = comm.ranks_on_node();
  const MemoryLimit node = memory_of_node(Surroundings::real());
  // A fifth stays free for MPI, HDF5 and the file cache.
  const std::size_t share = node.bytes / static_cast<std::size_t>(ranks) / 5 * 4;
  return {share, ranks == 1 ? node.source : fmt::format("{}, {} ranks", node.source, ranks)};
}

std::size_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace superstep
