// SPDX-License-Identifier: BSD-3-Clause
// What a node gives its ranks, in surroundings made up for the test.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <superstep/engine/allocation.hpp>

namespace superstep {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t gib = std::size_t{1} << 30;

class AllocationTest : public ::testing::Test {
 protected:
  AllocationTest() {
    root_ = fs::path("allocation_test") /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    file("proc/meminfo", "MemTotal: 67108864 kB\nMemFree: 1 kB\nMemAvailable: 33554432 kB\n");
  }
  ~AllocationTest() override { fs::remove_all("allocation_test"); }

  void file(const fs::path& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void set(const std::string& name, const std::string& value) { variables_[name] = value; }
  Surroundings around() {
    return {[this](const char* name) -> const char* {
              const auto found = variables_.find(name);
              return found == variables_.end() ? nullptr : found->second.c_str();
            },
            root_};
  }
  void expect(std::size_t bytes, const std::string& source) {
    const MemoryLimit memory = memory_of_node(around());
    EXPECT_EQ(memory.bytes, bytes);
    EXPECT_EQ(memory.source, source);
  }

  fs::path root_;
  std::map<std::string, std::string> variables_;
};

TEST_F(AllocationTest, AloneItIsWhatIsFree) { expect(32 * gib, "this node's free memory"); }

TEST_F(AllocationTest, NothingKnownIsSaid) {
  fs::remove(root_ / "proc/meminfo");
  expect(4 * gib, "4 GiB assumed, nothing tells of this node");
}

TEST_F(AllocationTest, SlurmTellsByNodeByCpuAndByGpu) {
  set("SLURM_MEM_PER_NODE", "2048");
  expect(2 * gib, "the Slurm allocation of this node (SLURM_MEM_PER_NODE)");
  variables_.clear();
  set("SLURM_MEM_PER_CPU", "500");
  expect(500 * mib, "the Slurm allocation of this node (SLURM_MEM_PER_CPU)");
  set("SLURM_CPUS_ON_NODE", "8");
  expect(4000 * mib, "the Slurm allocation of this node (SLURM_MEM_PER_CPU)");
  variables_.clear();
  set("SLURM_MEM_PER_GPU", "3000");
  set("SLURM_GPUS_ON_NODE", "4");
  expect(12000 * mib, "the Slurm allocation of this node (SLURM_MEM_PER_GPU)");
}

TEST_F(AllocationTest, AllOfTheNodeAndNonsenseAreNoLimits) {
  for (const char* value : {"0", "", "lots", "4G", "-1"}) {
    set("SLURM_MEM_PER_NODE", value);
    expect(32 * gib, "this node's free memory");
  }
}

TEST_F(AllocationTest, TheAllocationIsNoMoreThanWhatIsFree) {
  set("SLURM_MEM_PER_NODE", "65536");
  expect(32 * gib, "this node's free memory");
}

TEST_F(AllocationTest, VersionTwoLimitsOfAllGroupsAround) {
  file("proc/self/cgroup", "0::/system.slice/job_7/step_0\n");
  file("sys/fs/cgroup/system.slice/job_7/step_0/memory.max", "max\n");
  file("sys/fs/cgroup/system.slice/job_7/memory.max", "1073741824\n");
  file("sys/fs/cgroup/system.slice/memory.max", "17179869184\n");
  expect(gib, "the limit of the control group");
  file("sys/fs/cgroup/system.slice/job_7/step_0/memory.high", "536870912\n");
  expect(512 * mib, "the limit of the control group");
  set("SLURM_MEM_PER_NODE", "256");
  expect(256 * mib, "the Slurm allocation of this node (SLURM_MEM_PER_NODE)");
}

TEST_F(AllocationTest, VersionOneLimitsBesideAnEmptyVersionTwo) {
  file("proc/self/cgroup", "5:cpuset:/\n4:memory:/slurm/uid_0/job_7\n0::/\n");
  file("sys/fs/cgroup/memory/slurm/uid_0/job_7/memory.limit_in_bytes", "9223372036854771712\n");
  expect(32 * gib, "this node's free memory");
  file("sys/fs/cgroup/memory/slurm/uid_0/job_7/memory.limit_in_bytes", "2147483648\n");
  expect(2 * gib, "the limit of the control group");
}

TEST_F(AllocationTest, AContainerSeesItsGroupAtTheTop) {
  file("proc/self/cgroup", "4:memory:/docker/4711\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n");
  expect(3 * gib, "the limit of the control group");
  file("proc/self/cgroup", "0::/docker/4711\n");
  file("sys/fs/cgroup/memory.max", "2147483648\n");
  expect(2 * gib, "the limit of the control group");
}

TEST_F(AllocationTest, ThreadsAreTheCpusOfATask) {
  EXPECT_EQ(threads_of_task(around()), 1);
  set("SLURM_CPUS_PER_TASK", "6");
  EXPECT_EQ(threads_of_task(around()), 6);
  set("SLURM_CPUS_PER_TASK", "zero");
  EXPECT_EQ(threads_of_task(around()), 1);
}

}  // namespace
}  // namespace superstep
