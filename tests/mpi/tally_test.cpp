// SPDX-License-Identifier: BSD-3-Clause
// Integers over all blocks, beside what is kept of each block: the same on any number of ranks and
// threads, without reading a block twice, wherever blocks are moved, from a journal, and when a map
// fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <numeric>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/engine/journal.hpp>
#include "mpi/engine_data.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;

using namespace test;

std::int64_t whole(double x) { return static_cast<std::int64_t>(std::floor(x)); }

/// Of each block the whole parts of a column, kept; adds them up, and each worker once at its end.
class WholeParts final : public Engine::TallyMap {
 public:
  WholeParts(Index blocks, int workers)
      : states_(blocks), later_(static_cast<std::size_t>(workers)) {}

  BlockStates& states() { return states_; }
  Index reads() const { return reads_; }
  void fail_in(Index block) { failing_ = block; }

  void look(int worker, const Block& block, std::span<std::int64_t> sums, Workspace&) override {
    if (block.position == failing_) throw DataError("no such luck");
    auto& state = states_.of(block.position);
    if (state == nullptr) {
      ++reads_;
      state = std::make_unique<std::vector<std::int64_t>>();
      for (Index i = 0; i < block.rows; ++i)
        state->push_back(whole(block.x.doubles()[i * columns]));
    } else {
      EXPECT_EQ(std::ssize(*state), block.rows);
    }
    sums[0] += std::accumulate(state->begin(), state->end(), std::int64_t{0});
    later_[static_cast<std::size_t>(worker)] += block.rows;
  }
  void finish(int worker, std::span<std::int64_t> sums) override {
    sums[1] += std::exchange(later_[static_cast<std::size_t>(worker)], 0);
  }

 private:
  StatesOf<std::vector<std::int64_t>> states_;
  std::vector<Index> later_;
  std::atomic<Index> reads_ = 0;
  Index failing_ = -1;
};

std::vector<std::int64_t> expected() {
  std::int64_t sum = 0;
  for (Index r = 0; r < rows; ++r) sum += whole(value_at(r, 0));
  return {sum, rows};
}

class TallyTest : public EngineTest {
 protected:
  TallyTest() : table_(open_table(comm_, data_file(comm_))) {}
  WholeParts make_map(int threads) const { return {table_.data->blocks().size(), threads}; }
  Table table_;
};

TEST_F(TallyTest, ReadsBlocksOnce) {
  for (const bool streams : {false, true}) {
    for (const int threads : {1, 3}) {
      Engine engine = make_engine_that(streams, table_, threads);
      WholeParts map = make_map(threads);
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
        EXPECT_EQ(comm_.sum(map.reads()), table_.data->blocks().size());
      }
      const Share share = share_of(table_.data->blocks().size(), comm_.rank(), comm_.size());
      EXPECT_LE(engine.counters().blocks_streamed, share.size());
      expect_streamed(engine, streams);
    }
  }
}

TEST_F(TallyTest, SharesPassesWithThoseWhoReadBlocks) {
  Engine engine = make_engine(2);
  WholeParts map = make_map(2);
  EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
  SumShape shape = shape_of_columns();
  std::vector<std::int64_t> integers;
  std::vector<double> sums;
  const Index before = engine.counters().passes;
  engine.side_by_side({{{}, [&] { integers = engine.tally(table_, 2, map, map.states()); }},
                       {{}, [&] {
                          const Totals totals = engine.superstep(table_, shape, add_columns);
                          sums.assign(totals[0].begin(), totals[0].end());
                        }}});
  EXPECT_EQ(engine.counters().passes, before + 1);
  EXPECT_EQ(integers, expected());
  EXPECT_EQ(sums, expected_sums());
}

TEST_F(TallyTest, BlocksThatMoveAreSeenAnew) {
  Engine engine = make_engine(2);
  WholeParts map = make_map(2);
  int turn = 0;
  engine.set_mover([&](Placement& placement) {
    ++turn;
    for (Index b = 0; b < placement.blocks(); ++b) {
      placement.move(b, static_cast<int>((b + turn) % comm_.size()));
    }
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
  const Index all = table_.data->blocks().size();
  EXPECT_EQ(comm_.sum(map.reads()), comm_.size() == 1 ? all : 3 * all);
}

TEST_F(TallyTest, IsAnAnswerOfAJournal) {
  Journal journal;
  {
    Engine engine = make_engine();
    WholeParts map = make_map(1);
    engine.set_journal(&journal);
    EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
  }
  Journal again(journal.bytes());
  Engine engine = make_engine();
  engine.set_journal(&again);
  WholeParts map = make_map(1);
  EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
  EXPECT_EQ(map.reads(), 0);
  EXPECT_EQ(engine.tally(table_, 2, map, map.states()), expected());
  EXPECT_EQ(comm_.sum(map.reads()), table_.data->blocks().size());
}

TEST_F(TallyTest, AFailureIsEverybodys) {
  Engine engine = make_engine(2);
  WholeParts map = make_map(2);
  map.fail_in(table_.data->blocks().size() - 1);
  try {
    engine.tally(table_, 2, map, map.states());
    ADD_FAILURE() << "no failure";
  } catch (const AgreedError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no such luck"));
  }
}

}  // namespace
}  // namespace superstep
