// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/allocation.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string_view>

namespace superstep {

namespace fs = std::filesystem;

Surroundings Surroundings::real() {
  return {[](const char* name) -> const char* { return std::getenv(name); }, "/"};
}

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
/// Control groups write "max" or a number near 2^63 where there is no limit.
constexpr std::size_t no_limit = std::size_t{1} << 60;

/// 0 for what is not set or is no plain number; Slurm's 0 means "all of it".
std::size_t number(const Surroundings& around, const char* name) {
  const char* text = around.variable(name);
  if (text == nullptr) return 0;
  const std::string_view word = text;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() ? value : 0;
}

struct Least : MemoryLimit {
  Least() { bytes = no_limit; }
  void offer(std::size_t offered, const std::string& from) {
    if (offered == 0 || offered >= bytes) return;
    bytes = offered;
    source = from;
  }
};

void offer_slurm(Least& least, const Surroundings& around) {
  const auto offer = [&](const char* per, std::size_t times) {
    least.offer(number(around, per) * mib * times,
                std::string("the Slurm allocation of this node (") + per + ")");
  };
  offer("SLURM_MEM_PER_NODE", 1);
  offer("SLURM_MEM_PER_CPU", std::max<std::size_t>(number(around, "SLURM_CPUS_ON_NODE"), 1));
  offer("SLURM_MEM_PER_GPU", std::max<std::size_t>(number(around, "SLURM_GPUS_ON_NODE"), 1));
}

/// The limits of a group and of those around it. Inside a container the group's own path may not
/// be there to see; what is mounted at the top is the container's group then.
void offer_group(Least& least, const fs::path& mount, fs::path group,
                 std::initializer_list<const char*> files) {
  for (;;) {
    for (const char* file : files) {
      std::ifstream in(mount / group / file);
      std::size_t bytes = 0;
      if (in >> bytes) least.offer(bytes, "the limit of the control group");
    }
    if (group.empty()) return;
    group = group.parent_path();
  }
}

void offer_control_groups(Least& least, const Surroundings& around) {
  const fs::path mount = around.root / "sys/fs/cgroup";
  std::ifstream groups(around.root / "proc/self/cgroup");
  fs::path second, first;
  // Lines "0::/path" for version 2 and "4:memory:/path" for version 1.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t at = line.find(":/");
    if (at == std::string::npos) continue;
    const fs::path path = fs::path(line.substr(at + 1)).relative_path();
    if (line.starts_with("0:")) second = path;
    if (line.find(":memory:") != std::string::npos) first = path;
  }
  offer_group(least, mount, second, {"memory.max", "memory.high"});
  offer_group(least, mount / "memory", first, {"memory.limit_in_bytes"});
}

void offer_free_memory(Least& least, const Surroundings& around) {
  std::ifstream info(around.root / "proc/meminfo");
  std::string word;
  while (info >> word) {
    std::size_t kib = 0;
    if (word == "MemAvailable:" && info >> kib) least.offer(kib * 1024, "this node's free memory");
  }
}

}  // namespace

MemoryLimit memory_of_node(const Surroundings& around) {
  Least least;
  offer_slurm(least, around);
  offer_control_groups(least, around);
  offer_free_memory(least, around);
  if (least.source.empty()) return {4096 * mib, "4 GiB assumed, nothing tells of this node"};
  return least;
}

int threads_of_task(const Surroundings& around) {
  const std::size_t cpus = number(around, "SLURM_CPUS_PER_TASK");
  return static_cast<int>(std::clamp<std::size_t>(cpus, 1, 1024));
}

}  // namespace superstep
