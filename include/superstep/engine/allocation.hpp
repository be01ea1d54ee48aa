// SPDX-License-Identifier: BSD-3-Clause
// What a node gives to the ranks that run there: the job's allocation as Slurm tells it, the limits
// of the control group, the memory that is free.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace superstep {

/// Where the facts are looked up. Tests make their own.
struct Surroundings {
  /// The value of an environment variable, or null.
  std::function<const char*(const char*)> variable;
  /// Below it lie /proc and /sys.
  std::filesystem::path root = "/";
  static Surroundings real();
};

/// What the ranks of a node may use together.
struct MemoryLimit {
  std::size_t bytes = 0;
  std::string source;  ///< "the Slurm allocation of this node (SLURM_MEM_PER_NODE)", ...
};

/// The least of what Slurm gave on this node, what this process's control group and those around
/// it may use, and what is free.
MemoryLimit memory_of_node(const Surroundings& around);

/// The CPUs Slurm gave each task (--cpus-per-task), else 1.
int threads_of_task(const Surroundings& around);

}  // namespace superstep
