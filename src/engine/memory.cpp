// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/memory.hpp>

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include <superstep/engine/allocation.hpp>

namespace superstep {

namespace {

MemoryBudget own_budget(const Communicator& comm, std::optional<std::size_t> asked,
                        const std::string& asked_by) {
  const bool all_are_asked = comm.min(Index{asked ? 1 : 0}) == 1;
  const int ranks = all_are_asked ? 1 : comm.ranks_on_node();
  if (asked) return {*asked, asked_by};
  const MemoryLimit node = memory_of_node(Surroundings::real());
  // A fifth stays free for MPI, HDF5 and the file cache.
  const std::size_t share = node.bytes / static_cast<std::size_t>(ranks) / 5 * 4;
  return {share, ranks == 1 ? node.source : fmt::format("{}, {} ranks", node.source, ranks)};
}

}  // namespace

MemoryBudget memory_budget(const Communicator& comm, std::optional<std::size_t> asked,
                           const std::string& asked_by, std::size_t taken) {
  MemoryBudget budget = own_budget(comm, asked, asked_by);
  // What MPI takes for messages comes with them.
  constexpr std::size_t for_messages = std::size_t{4} << 20;
  budget.taken = static_cast<std::size_t>(comm.max(static_cast<Index>(taken)));
  if (taken > 0 && comm.size() > 1) budget.taken += for_messages;
  // Of the same command at 40 starts: by 0.3 MiB alone, by 1.3 MiB on two ranks.
  constexpr std::size_t alone = std::size_t{1} << 19, with_mpi = std::size_t{2} << 20;
  if (taken > 0) budget.varies = comm.size() > 1 ? with_mpi : alone;
  const auto mine = static_cast<Index>(budget.bytes);
  const Index least = comm.min(mine);
  const Index most = comm.max(mine);
  if (least == most) return budget;
  const auto owner = static_cast<int>(comm.min(Index{mine == least ? comm.rank() : comm.size()}));
  // What two ranks of a node see of its free memory differs by what happened in between.
  if (most / 10 * 9 > least) {
    budget.source +=
        fmt::format(" of rank {} on host {}", comm.world_rank(comm.rank()), host_name());
  }
  budget.bytes = static_cast<std::size_t>(least);
  budget.source = comm.broadcast(budget.source, owner);
  return budget;
}

std::size_t taken_by_process() {
  // Pages of the libraries that are not touched yet, stacks, HDF5's own tables, messages; and of
  // the program's code, of which a command goes through a third at most.
  constexpr std::size_t to_come = std::size_t{6} << 20;
  std::size_t pages = 0, resident = 0, shared = 0, code = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident >> shared >> code;
  return (resident + code / 3) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + to_come;
}

void return_freed_memory() {
  constexpr int most_kept = 2 << 20;
  ::mallopt(M_MMAP_THRESHOLD, most_kept);
  ::mallopt(M_TRIM_THRESHOLD, most_kept);
  // Threads with heaps of their own would each keep what its decoded chunks and matrices took: one
  // heap for all takes what is in use. Passes allocate little, and it was no slower with 8 threads.
  ::mallopt(M_ARENA_MAX, 1);
}

void return_free_pages() { ::malloc_trim(0); }

std::size_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace superstep
