// SPDX-License-Identifier: BSD-3-Clause
// Works side by side: they share passes, and nothing else tells that there are others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include <superstep/core/error.hpp>
#include "mpi/engine_data.hpp"

namespace superstep {
namespace {

using namespace test;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

constexpr std::size_t n_columns = columns;

class SideBySideTest : public EngineTest {
 protected:
  std::vector<double> sums_of(Engine& engine, const Table& table) {
    SumShape shape = shape_of_columns();
    const Totals totals = engine.superstep(table, shape, add_columns);
    return {totals[0].begin(), totals[0].begin() + n_columns};
  }
};

TEST_F(SideBySideTest, ThereAreAsManyPassesAsTheLongestWorkNeeds) {
  const Table table = open_table(comm_, data_file(comm_));
  const std::vector<double> expected = expected_sums();
  for (const bool streams : {false, true}) {
    Engine engine = make_engine_that(streams, table, 2);
    std::vector<Engine::Work> works;
    std::vector<int> steps_of(3, 0);
    for (const std::size_t length : {1, 5, 2}) {
      int& steps = steps_of[works.size()];
      works.push_back({{}, [&, length] {
                         for (std::size_t i = 0; i < length; ++i) {
                           EXPECT_THAT(sums_of(engine, table), ElementsAreArray(expected));
                           ++steps;
                         }
                       }});
    }
    engine.side_by_side(std::move(works));
    EXPECT_THAT(steps_of, testing::ElementsAre(1, 5, 2));
    EXPECT_EQ(engine.counters().passes, 5);
    EXPECT_EQ(engine.counters().supersteps, 8);
    expect_streamed(engine, streams);
  }
}

TEST_F(SideBySideTest, SumsMaximaAndRowsShareAPass) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(3);
  Index seen = 0;
  double largest = 0.0;
  std::vector<double> sums;
  const auto maximum = [&] {
    largest = engine
                  .maximum(table, 1,
                           [](const Block& block, std::span<double> out, Workspace&) {
                             out[0] = std::max(out[0], static_cast<double>(block.first_row));
                           })
                  .front();
  };
  const auto hand_over = [&] {
    engine.rows(
        table, 1, [](const Block&, double* out, Workspace&) { out[0] = 1.0; },
        [&](Index, Index n, const double*) { seen += n; });
  };
  engine.side_by_side(
      {{{}, [&] { sums = sums_of(engine, table); }}, {{}, maximum}, {{}, hand_over}});
  EXPECT_EQ(engine.counters().passes, 1);
  EXPECT_THAT(sums, ElementsAreArray(expected_sums()));
  EXPECT_EQ(largest, static_cast<double>(rows - 17));
  EXPECT_EQ(comm_.sum(seen), rows);
}

TEST_F(SideBySideTest, WhoWantsFewBlocksGoesFirst) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  const auto samples_first = [&] {
    sums_of(engine, table.every(8));
    sums_of(engine, table.every(4));
    EXPECT_THAT(sums_of(engine, table), ElementsAreArray(expected_sums()));
  };
  const auto all = [&] { sums_of(engine, table); };
  engine.side_by_side({{{}, all}, {{}, samples_first}});
  EXPECT_EQ(engine.counters().sample_passes, 2);
  EXPECT_EQ(engine.counters().passes, 1);
}

TEST_F(SideBySideTest, OtherDataTakeAPassOfTheirOwn) {
  const Table one = open_table(comm_, data_file(comm_));
  const Table other = open_table(comm_, data_file(comm_, rows, 0.0, "engine_other.h5"));
  Engine engine = make_engine();
  std::vector<double> sums, others;
  engine.side_by_side(
      {{{}, [&] { sums = sums_of(engine, one); }}, {{}, [&] { others = sums_of(engine, other); }}});
  EXPECT_EQ(engine.counters().passes, 2);
  EXPECT_THAT(others, ElementsAreArray(sums));
}

TEST_F(SideBySideTest, WorksWithinWorks) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  const auto passes = [&](int n) {
    return Engine::Work{{}, [&, n] {
                          for (int i = 0; i < n; ++i) sums_of(engine, table);
                        }};
  };
  const auto inner = [&] {
    engine.side_by_side({passes(2), passes(3)});
    sums_of(engine, table);
  };
  engine.side_by_side({passes(1), {{}, inner}, passes(4)});
  EXPECT_EQ(engine.counters().passes, 4);
}

TEST_F(SideBySideTest, ABrokenBoundIsMendedForTheWorkThatHasIt) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  SumShape narrow;
  narrow.add(columns, -5);
  std::vector<double> first, second;
  engine.side_by_side({{{},
                        [&] {
                          const Totals totals = engine.superstep(table, narrow, add_columns);
                          first = {totals[0].begin(), totals[0].begin() + n_columns};
                        }},
                       {{}, [&] { second = sums_of(engine, table); }}});
  EXPECT_THAT(first, ElementsAreArray(expected_sums()));
  EXPECT_THAT(second, ElementsAreArray(expected_sums()));
  EXPECT_EQ(engine.counters().passes, 3);  // the sums, their bounds, once more the broken ones
}

TEST_F(SideBySideTest, AMapThatThrowsFailsItsOwnWork) {
  const Table table = open_table(comm_, data_file(comm_));
  for (const bool streams : {false, true}) {
    Engine engine = make_engine_that(streams, table, 2);
    std::string message;
    std::vector<double> sums;
    const auto fails = [&] {
      SumShape shape = shape_of_columns();
      try {
        engine.superstep(table, shape, [](const Block& block, Partial&, Workspace&) {
          if (block.index == 2) throw DataError("block two is not liked");
        });
      } catch (const AgreedError& e) {
        message = e.what();
      }
    };
    engine.side_by_side({{{}, fails}, {{}, [&] { sums = sums_of(engine, table); }}});
    EXPECT_THAT(message, HasSubstr("block two is not liked"));
    EXPECT_THAT(sums, ElementsAreArray(expected_sums()));
    EXPECT_EQ(engine.counters().passes, 1);
  }
}

struct Noted {
  ~Noted() { flag = true; }
  bool& flag;
};

TEST_F(SideBySideTest, AFailureThatLeavesAWorkEndsTheOthers) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  bool is_unwound = false, inner_is_unwound = false, goes_on = false;
  const auto goes_on_for_ever = [&](bool& flag) {
    const Noted noted{flag};
    for (;;) sums_of(engine, table);
  };
  const auto has_inner = [&] {
    engine.side_by_side({{{}, [&] { goes_on_for_ever(inner_is_unwound); }},
                         {{}, [&] { goes_on_for_ever(is_unwound); }}});
    goes_on = true;
  };
  const auto fails = [&] {
    sums_of(engine, table);
    sums_of(engine, table);
    throw AgreedError(ExitCode::bad_data, "not after the second pass");
  };
  try {
    engine.side_by_side({{{}, has_inner}, {{}, fails}});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& e) {
    EXPECT_STREQ(e.what(), "not after the second pass");
  }
  EXPECT_TRUE(is_unwound);
  EXPECT_TRUE(inner_is_unwound);
  EXPECT_FALSE(goes_on);
  EXPECT_EQ(engine.counters().passes, 2);
  EXPECT_THAT(sums_of(engine, table), ElementsAreArray(expected_sums()));  // the engine goes on
}

TEST_F(SideBySideTest, BadValuesAreEverybodys) {
  const Table table = open_table(comm_, data_file(comm_, rows, NAN, "engine_nan.h5"));
  Engine engine = make_engine();
  int told = 0;
  const auto meets_them = [&] {
    try {
      sums_of(engine, table);
    } catch (const BadValuesError& e) {
      EXPECT_THAT(e.what(), HasSubstr("NaN at row 163855, column 1"));
      ++told;
    }
  };
  engine.side_by_side({{{}, meets_them}, {{}, meets_them}});
  EXPECT_EQ(told, 2);
}

TEST_F(SideBySideTest, WhatWorksNeedIsAddedUp) {
  const Table table = open_table(comm_, data_file(comm_));
  const Footprint large{.replicated = 1 << 20};
  const std::size_t for_one = make_engine().least_memory(table, large);
  const auto do_both = [&](std::size_t memory) {
    Engine engine = make_engine(1, memory);
    const auto reserve = [&] { engine.reserve(table, large); };
    engine.side_by_side({{large, reserve}, {large, [&] { sums_of(engine, table); }}});
  };
  do_both(for_one + (std::size_t{8} << 20));
  EXPECT_THROW(do_both(for_one), AgreedError);
}

TEST_F(SideBySideTest, OfVeryManyWorksSomeWait) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  engine.reserve(table, {.replicated = Index{1} << 22});
  std::vector<Engine::Work> works(130, {{}, [&] { sums_of(engine, table); }});
  engine.side_by_side_where_there_is_room(std::move(works));
  EXPECT_EQ(engine.counters().passes, 3);  // 64, 64, 2
  EXPECT_EQ(engine.counters().supersteps, 130);
}

TEST_F(SideBySideTest, WithoutRoomOneIsDoneAtATime) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  engine.reserve(table, {});
  std::vector<Engine::Work> works(3, {{}, [&] { sums_of(engine, table); }});
  engine.side_by_side_where_there_is_room(std::move(works));
  EXPECT_EQ(engine.counters().passes, 3);
}

TEST_F(SideBySideTest, NobodyAsksForAPassWhileAnExceptionIsHandled) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  const auto asks = [&] {
    try {
      throw std::runtime_error("");
    } catch (const std::runtime_error&) {
      sums_of(engine, table);
    }
  };
  EXPECT_THROW(engine.side_by_side({{{}, asks}, {{}, asks}}), std::logic_error);
}

}  // namespace
}  // namespace superstep
