// SPDX-License-Identifier: BSD-3-Clause
// One process that nobody launched: a communicator of one rank, with MPI never started.
#include <gtest/gtest.h>
#include <mpi.h>

#include <array>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/communicator.hpp>
#include <superstep/comm/launch.hpp>
#include <superstep/comm/node_memory.hpp>
#include <superstep/comm/trace.hpp>
#include <superstep/core/error.hpp>

namespace superstep {
namespace {

constexpr std::array marks = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",           "PMI_RANK",
                              "SLURM_PROCID",         "MV2_COMM_WORLD_RANK", "FLUX_TASK_RANK",
                              "JSM_NAMESPACE_RANK",   "PALS_RANKID",         "ALPS_APP_PE"};

class Alone : public testing::Test {
 protected:
  void SetUp() override {  // whatever started the tests
    for (const char* mark : marks) ::unsetenv(mark);
  }
  void TearDown() override {
    for (const char* mark : marks) ::unsetenv(mark);
    int started = 0;
    MPI_Initialized(&started);
    EXPECT_EQ(started, 0);
  }
};

TEST_F(Alone, AnyLauncherIsNoticed) {
  EXPECT_FALSE(is_launched());
  EXPECT_TRUE(is_first_process());
  for (const char* mark : marks) {
    ::setenv(mark, "0", 1);
    EXPECT_TRUE(is_launched()) << mark;
    EXPECT_TRUE(is_first_process()) << mark;
    ::setenv(mark, "12", 1);
    EXPECT_FALSE(is_first_process()) << mark;
    ::unsetenv(mark);
  }
}

TEST_F(Alone, WhoIsLaunchedMustStartMpiFirst) {
  ::setenv("PMI_RANK", "1", 1);
  EXPECT_THROW(Communicator::world(), std::logic_error);
}

TEST_F(Alone, AnEnvironmentStartsNothing) {
  int argc = 0;
  char** argv = nullptr;
  { const Environment environment(argc, argv); }
  Environment::finalize();
}

/// What a rank does with a group of one, itself.
void expect_one(const Communicator& comm) {
  EXPECT_EQ(comm.rank(), 0);
  EXPECT_EQ(comm.size(), 1);
  EXPECT_EQ(comm.world_rank(0), 0);
  EXPECT_EQ(comm.ranks_on_node(), 1);
  EXPECT_FALSE(comm.is_watched());
  comm.answer();
  comm.barrier();
  std::vector<std::int64_t> integers = {1, -2, std::numeric_limits<std::int64_t>::max()};
  const auto kept = integers;
  comm.sum(integers);
  EXPECT_EQ(integers, kept);
  std::vector<double> values = {1.5, -0.0};
  comm.max(values);
  comm.broadcast(std::span(values));
  EXPECT_EQ(values, (std::vector<double>{1.5, -0.0}));
  EXPECT_EQ(comm.sum(Index{7}), 7);
  EXPECT_EQ(comm.max(Index{-7}), -7);
  EXPECT_EQ(comm.min(Index{-7}), -7);
  EXPECT_EQ(comm.max(0.25), 0.25);
  EXPECT_EQ(comm.broadcast(std::string("a\0b", 3)), std::string("a\0b", 3));
  std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}};
  comm.broadcast(bytes);
  EXPECT_EQ(bytes.size(), 2u);
  const std::vector<std::vector<std::byte>> of_one(1, bytes);
  EXPECT_EQ(comm.gather_all(bytes), of_one);
  EXPECT_EQ(comm.exchange(of_one), of_one);
}

TEST_F(Alone, EveryCollectiveOfOneRankGivesBackItsOwn) {
  const Communicator world = Communicator::world();
  expect_one(world);
  const Communicator part = world.split(3);
  expect_one(part);
  expect_one(part.on_node().split(0));
}

TEST_F(Alone, CollectivesAreCountedAndTracedAsOfSeveralRanks) {
  const Communicator world = Communicator::world();
  const Trace trace(world.events());
  std::vector<std::int64_t> values(3);
  world.sum(values);
  world.split(0).max(1.0);
  EXPECT_EQ(world.counters().collectives, 3);
  EXPECT_EQ(world.counters().allreduces, 2);
  EXPECT_EQ(world.counters().bytes_reduced, 32);
  ASSERT_EQ(trace.rows().size(), 3u);
  EXPECT_EQ(trace.rows()[0].bytes, 24);
  EXPECT_EQ(std::string(trace.rows()[1].what), "split");
}

TEST_F(Alone, FailuresAreAgreedOn) {
  const Communicator world = Communicator::world();
  EXPECT_THROW(collectively(world, [] { throw DataError("one"); }), AgreedError);
}

TEST_F(Alone, NodeMemoryIsItsOwn) {
  const Communicator world = Communicator::world();
  const Communicator node = world.on_node();
  const NodeMemory memory(node, 1000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.part(0)) % 64, 0u);
  for (int i = 0; i < 1000; ++i) memory.part(0)[i] = std::byte(i);
  memory.publish(node);
  EXPECT_EQ(memory.part(0)[999], std::byte(999));
}

TEST_F(Alone, AnAbortEndsWithItsCode) {
  EXPECT_EXIT(Communicator::world().abort(6), testing::ExitedWithCode(6), "");
}

}  // namespace
}  // namespace superstep
