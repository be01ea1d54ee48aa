// SPDX-License-Identifier: BSD-3-Clause
// Tests of tests/mpi/main.cpp itself: it must not be able to overlook a failure of one rank, nor
// that the launcher started several jobs of one rank instead. The
// tests named Failing are switched off and run only by tests/mpi/harness.sh, which expects them to
// fail.
#include <gtest/gtest.h>
#include <mpi.h>

#include <cstdlib>
#include <stdexcept>

namespace {

int last_rank_is_here() {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return rank == size - 1;
}

// All that were asked for, in one job.
TEST(Harness, RanksMeet) {
  const char* asked = std::getenv("SUPERSTEP_TEST_RANKS");
  ASSERT_NE(asked, nullptr);
  int n = 1;
  MPI_Allreduce(MPI_IN_PLACE, &n, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  EXPECT_EQ(n, size);
  EXPECT_EQ(n, std::atoi(asked));
}

TEST(Failing, DISABLED_Expect) {
  EXPECT_FALSE(last_rank_is_here()) << "expected by the harness";
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Failing, DISABLED_Assert) {
  ASSERT_FALSE(last_rank_is_here()) << "expected by the harness";
  MPI_Barrier(MPI_COMM_WORLD);
}

TEST(Failing, DISABLED_Throw) {
  if (last_rank_is_here()) throw std::runtime_error("expected by the harness");
  MPI_Barrier(MPI_COMM_WORLD);
}

}  // namespace
