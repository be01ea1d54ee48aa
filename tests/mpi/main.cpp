// SPDX-License-Identifier: BSD-3-Clause
// The main function of the tests that run on several ranks. A failure of any rank is printed by
// that rank, in one write so that ranks do not interleave; one that leaves the test body (ASSERT,
// an exception) ends the job, for the other ranks may be waiting for this one; all ranks exit
// alike.
#include <gtest/gtest.h>
#include <mpi.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

void write_line(const std::string& line) {
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) MPI_Abort(MPI_COMM_WORLD, 1);
}

class RankListener : public testing::EmptyTestEventListener {
 public:
  RankListener(int rank, int size) : rank_(rank), size_(size) {}

  // The name is kept here because googletest holds its lock in OnTestPartResult, where asking for
  // the current test would wait for ever.
  void OnTestStart(const testing::TestInfo& test) override {
    test_ = std::string(test.test_suite_name()) + "." + test.name();
  }

  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const char* file = result.file_name() != nullptr ? result.file_name() : "no file";
    write_line("FAILED on rank " + std::to_string(rank_) + " of " + std::to_string(size_) + ": " +
               test_ + "\n" + file + ":" + std::to_string(result.line_number()) + ": " +
               result.message() + "\n");
    if (result.fatally_failed()) MPI_Abort(MPI_COMM_WORLD, 1);
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    if (rank_ != 0) return;
    const auto& result = *test.result();
    const char* word = result.Skipped() ? "skipped" : (result.Passed() ? "passed" : "FAILED");
    write_line(std::string(word) + " on rank 0 of " + std::to_string(size_) + ": " + test_ + " (" +
               std::to_string(result.elapsed_time()) + " ms)\n");
  }

 private:
  int rank_;
  int size_;
  std::string test_ = "outside of a test";
};

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);

  // Ranks that do not find each other would each pass alone.
  const char* asked = std::getenv("SUPERSTEP_TEST_RANKS");
  if (asked != nullptr && std::atoi(asked) != size) {
    write_line("there should be " + std::string(asked) + " ranks, but there are " +
               std::to_string(size) + "\n");
    MPI_Abort(MPI_COMM_WORLD, 1);
  }

  testing::InitGoogleTest(&argc, argv);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new RankListener(rank, size));

  int failed = RUN_ALL_TESTS();
  if (testing::UnitTest::GetInstance()->test_to_run_count() == 0) failed = 1;
  MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  MPI_Finalize();
  return failed;
}
