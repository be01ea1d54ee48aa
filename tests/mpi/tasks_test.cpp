// SPDX-License-Identifier: BSD-3-Clause
// Work outside of passes: each task is done once, by a thread of some rank; results of any length
// come back in order, the same on every rank; a failure ends the work everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/engine/tasks.hpp>
#include <superstep/math/matrix.hpp>
#include "mpi/engine_data.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;

using namespace test;

struct Squares {
  Matrix values{};
  template <class Archive>
  void fields(Archive& archive) {
    archive.sized(values);
  }
};

Squares squares_of(Index i) {
  Matrix m(i % 3, 2);
  for (Index k = 0; k < m.size(); ++k) m.data()[k] = static_cast<double>(i * i + k);
  return {m};
}

/// An engine with so many threads, beside whose passes all of them may solve.
void reserve_for_solvers(Engine& engine, const Table& table) {
  engine.reserve(table, {.sums = 1000, .solving = 1000});
}

TEST_F(EngineTest, EachTaskIsDoneOnceAndResultsComeInOrder) {
  const Table table = open_table(comm_, data_file(comm_));
  for (const int threads : {1, 3}) {
    for (const Index count : {0, 1, 2, 7, 40}) {
      Engine engine = make_engine(threads);
      reserve_for_solvers(engine, table);
      std::atomic<Index> done = 0;
      const auto results = tasks(engine, count, [&] {
        return [&](Index i) {
          ++done;
          return squares_of(i);
        };
      });
      ASSERT_EQ(std::ssize(results), count);
      for (Index i = 0; i < count; ++i) {
        EXPECT_EQ(results[static_cast<std::size_t>(i)].values, squares_of(i).values);
      }
      // One alone is done by everybody.
      EXPECT_EQ(comm_.sum(done.load()), count == 1 ? comm_.size() : count);
    }
  }
}

TEST_F(EngineTest, TasksGoToThreadsWhereAPassHasRoomForThem) {
  const Table table = open_table(comm_, data_file(comm_));
  const auto threads_of = [&](const Footprint& need) {
    Engine engine = make_engine(3);
    engine.reserve(table, need);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    tasks(engine, 30 * comm_.size(), [&] {
      return [&](Index i) {
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
        return squares_of(i);
      };
    });
    return std::ssize(seen);
  };
  EXPECT_EQ(threads_of({.sums = 1000, .solving = 100}), 3);
  EXPECT_EQ(threads_of({.sums = 10, .solving = 1000}), 1);
}

TEST_F(EngineTest, ATaskThatFailsEndsTheWorkOnEveryRank) {
  const Table table = open_table(comm_, data_file(comm_));
  for (const int threads : {1, 3}) {
    Engine engine = make_engine(threads);
    reserve_for_solvers(engine, table);
    try {
      tasks(engine, 20, [&] {
        return [&](Index i) {
          if (i == 11 || i == 17) {
            throw AgreedError(ExitCode::bad_data, "task " + std::to_string(i) + " has no solution");
          }
          return squares_of(i);
        };
      });
      ADD_FAILURE() << "did not throw";
    } catch (const AgreedError& e) {
      EXPECT_EQ(e.exit_code(), ExitCode::bad_data);
      EXPECT_THAT(e.what(), HasSubstr("task 11 has no solution"));
    }
  }
}

}  // namespace
}  // namespace superstep
