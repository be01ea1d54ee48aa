// SPDX-License-Identifier: BSD-3-Clause
// Blocks are moved at random between ranks before every pass of every estimator (of half of them,
// drawn by the date), kept in memory or streamed: the models have the same bytes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <superstep/learn/tree/cart_family.hpp>
#include "mpi/every_estimator.hpp"

namespace superstep {
namespace {

using namespace test;

TEST(Placement, EachRankHasARunOfBlocks) {
  const Placement placement(11, 4);
  EXPECT_EQ(placement.of(0), (std::vector<Index>{0, 1, 2}));
  EXPECT_EQ(placement.of(2), (std::vector<Index>{6, 7, 8}));
  EXPECT_EQ(placement.of(3), (std::vector<Index>{9, 10}));
  EXPECT_EQ(placement.holder(8), 2);
}

TEST(Placement, ABlockIsMoved) {
  Placement placement(6, 2);
  placement.move(5, 0);
  EXPECT_EQ(placement.of(0), (std::vector<Index>{0, 1, 2, 5}));
  EXPECT_EQ(placement.of(1), (std::vector<Index>{3, 4}));
}

/// How much that takes is known when the rows are, so a footprint does not tell it.
bool lays_the_table_on_every_rank(const Estimator& estimator) {
  return dynamic_cast<const CartFamily*>(&estimator) != nullptr;
}

TEST(Placement, NoModelTellsWhereBlocksLay) {
  const Communicator comm = Communicator::world();
  write_data(comm, 36 * 4096 + 77);
  const auto data = Dataset::open(comm, file);
  std::uint64_t seed = 0;
  Index streamed = 0;
  for (const std::vector<std::string>& training : drawn_trainings(comm)) {
    const Estimators estimators = estimators_of(training);
    const Table table = table_for(comm, data, estimators);
    Engine quiet(comm, {.memory = std::size_t{1} << 28});
    const std::vector<std::string> expected = models_of(quiet, table, estimators);
    for (const bool streams : {false, true}) {
      std::size_t memory = std::size_t{1} << 28;
      if (streams && lays_the_table_on_every_rank(*estimators.front())) continue;
      if (streams) {
        std::vector<Candidate> batch;
        for (const auto& e : estimators) batch.push_back({e.get()});
        const Footprint need = footprint_for(quiet, *estimators.front(), table, batch);
        // All rows may come to one rank.
        memory = quiet.least_memory(table, need) + (std::size_t{1} << 20) +
                 static_cast<std::size_t>(need.row_bytes * table.rows());
      }
      Engine engine(comm, {.memory = memory, .threads = streams ? 1 : 2});
      Index moved = 0;
      engine.set_mover([&](Placement& placement) {
        RowRandom random(Philox(11, 3), ++seed);
        for (Index b = 0; b < placement.blocks(); ++b) {
          if (random.uniform() < 0.5) continue;
          const int rank = static_cast<int>(random.uniform() * comm.size());
          moved += rank != placement.holder(b) ? 1 : 0;
          placement.move(b, rank);
        }
      });
      EXPECT_EQ(models_of(engine, table, estimators), expected) << training.front();
      EXPECT_EQ(moved > 0, comm.size() > 1);
      streamed += engine.counters().blocks_streamed;
    }
  }
  if (comm.size() <= 2) {
    EXPECT_GT(comm.max(streamed), 0);  // more have room for all
  }
}

}  // namespace
}  // namespace superstep
