// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/memory.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace superstep {

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

std::size_t environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

std::size_t available_on_node() {
  std::ifstream info("/proc/meminfo");
  std::string word;
  while (info >> word) {
    std::size_t kib = 0;
    if (word == "MemAvailable:" && info >> kib) return kib * 1024;
  }
  return 4096 * mib;
}

/// The limit of this process's control group (v2, then v1), which containers and Slurm set.
std::size_t cgroup_limit() {
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::size_t bytes = 0;
    if (file >> bytes && bytes < (std::size_t{1} << 60)) return bytes;
  }
  return std::numeric_limits<std::size_t>::max();
}

}  // namespace

MemoryBudget memory_budget(const Communicator& comm, std::optional<std::size_t> asked) {
  if (asked) return {*asked, "--memory"};
  const auto ranks = static_cast<std::size_t>(comm.ranks_on_node());
  // A fifth stays free for MPI, HDF5 and the file cache.
  const auto share = [](std::size_t bytes) { return bytes / 5 * 4; };
  if (const std::size_t per_node = environment_number("SLURM_MEM_PER_NODE"); per_node > 0) {
    return {share(per_node * mib / ranks), "the Slurm allocation of this node / its ranks"};
  }
  if (const std::size_t per_cpu = environment_number("SLURM_MEM_PER_CPU"); per_cpu > 0) {
    const std::size_t cpus = std::max<std::size_t>(environment_number("SLURM_CPUS_ON_NODE"), 1);
    return {share(per_cpu * cpus * mib / ranks), "the Slurm allocation of this node / its ranks"};
  }
  const std::size_t node = std::min(available_on_node(), cgroup_limit());
  return {share(node / ranks), "this node's free memory / its ranks"};
}

std::size_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace superstep
