// SPDX-License-Identifier: BSD-3-Clause
// The engine on any number of ranks: exact sums, repeated supersteps, streaming, failures that are
// agreed on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include <superstep/comm/trace.hpp>
#include <superstep/core/error.hpp>
#include "mpi/engine_data.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;

using namespace test;

TEST_F(EngineTest, SumsAreTheExactlyRoundedSumsOfTheBlocks) {
  const Table table = open_table(comm_, data_file(comm_));
  const std::vector<double> expected = expected_sums();
  for (const int threads : {1, 2, 3}) {
    for (const bool streams : {false, true}) {
      Engine engine = make_engine_that(streams, table, threads);
      SumShape shape = shape_of_columns();
      const Totals totals = engine.superstep(table, shape, add_columns);
      for (std::size_t c = 0; c < columns; ++c) {
        EXPECT_EQ(totals[0][c], expected[c]) << threads << " threads, streams: " << streams;
      }
      EXPECT_EQ(engine.counters().repeated, 0);
      expect_streamed(engine, streams);
    }
  }
}

TEST_F(EngineTest, ASuperstepIsOneAllreduceOfASizeThatTheRowsDoNotChange) {
  Index bytes[2] = {};
  int i = 0;
  for (const Index n : {rows / 10, rows}) {
    const Table table = open_table(comm_, data_file(comm_, n, 0.0, "engine_rows.h5"));
    Engine engine = make_engine();
    SumShape shape;
    shape.add(columns, 40);
    engine.superstep(table, shape, add_columns);
    const Counters before = comm_.counters();
    engine.superstep(table, shape, add_columns);
    EXPECT_EQ(comm_.counters().allreduces - before.allreduces, 1);
    EXPECT_EQ(comm_.counters().collectives - before.collectives, 1);
    bytes[i++] = comm_.counters().bytes_reduced - before.bytes_reduced;
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_F(EngineTest, TheTraceTellsPassesAndTheirAllreduce) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  SumShape shape = shape_of_columns();
  comm_.barrier();
  const Trace trace(comm_.events());
  engine.reserve(table, {});
  const std::size_t before = trace.rows().size();
  const Index bytes_before = comm_.counters().bytes_reduced;
  engine.superstep(table, shape, add_columns);
  const Index bytes_of_sum = comm_.counters().bytes_reduced - bytes_before;
  const std::vector<TraceRow>& events = trace.rows();
  ASSERT_EQ(events.size(), before + 3);
  EXPECT_STREQ(events[before].what, "load");
  EXPECT_STREQ(events[before + 1].what, "pass");
  EXPECT_STREQ(events[before + 2].what, "sum");
  EXPECT_EQ(comm_.sum(events[before + 1].bytes), rows * columns * 8);
  EXPECT_EQ(comm_.sum(events[before + 1].rows), rows);
  EXPECT_EQ(events[before + 2].ranks, comm_.size());
  EXPECT_EQ(events[before + 2].bytes, bytes_of_sum);
  double last_s = 0.0;
  for (const TraceRow& e : events) {
    EXPECT_GE(e.begin_s, last_s);
    EXPECT_GE(e.end_s - e.begin_s, e.wait_s - 1e-3);  // clocks are read one after the other
    last_s = e.end_s;
  }
  const std::string csv = trace_csv(comm_, trace);
  EXPECT_THAT(csv, HasSubstr("\n0,,pass,"));
  EXPECT_THAT(csv, HasSubstr("\n" + std::to_string(comm_.size() - 1) + ",,sum,"));
}

TEST_F(EngineTest, ABrokenBoundRepeatsTheSuperstepAndIsRemembered) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  SumShape shape;
  shape.add(columns, -5);
  const std::vector<double> expected = expected_sums();
  for (int step = 0; step < 2; ++step) {
    const Totals totals = engine.superstep(table, shape, add_columns);
    for (std::size_t c = 0; c < columns; ++c) EXPECT_EQ(totals[0][c], expected[c]);
  }
  EXPECT_EQ(engine.counters().repeated, 1);
}

TEST_F(EngineTest, ABrokenBoundIsReportedForItsRunOnly) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine();
  SumShape shape;
  shape.add(1, -200);
  shape.add(1, 40);
  const Totals totals = engine.superstep(
      table, shape,
      [](const Block& block, Partial& partial, Workspace&) {
        partial[0][0] = 1.0;
        partial[1][0] = static_cast<double>(block.rows);
      },
      Overflow::report);
  EXPECT_FALSE(totals.holds(0));
  EXPECT_TRUE(totals.holds(1));
  EXPECT_EQ(totals.value(1), static_cast<double>(rows));
}

TEST_F(EngineTest, SymmetricRunsComeBackWhole) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  SumShape shape;
  const std::vector<int> exponents = {0, 4, 8};
  shape.add_symmetric(exponents, 20);
  const Totals totals =
      engine.superstep(table, shape, [](const Block& block, Partial& partial, Workspace&) {
        for (std::size_t i = 0; i < 3; ++i) {
          for (std::size_t j = i; j < 3; ++j) {
            partial[0][3 * i + j] =
                static_cast<double>(block.rows) * static_cast<double>(3 * i + j);
          }
        }
      });
  EXPECT_EQ(totals[0][5], 5.0 * rows);
  EXPECT_EQ(totals[0][7], totals[0][5]);
  EXPECT_EQ(totals[0][3], totals[0][1]);
}

TEST_F(EngineTest, MaximaAreThoseOfAllRanks) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  const auto maxima =
      engine.maximum(table, 1, [](const Block& block, std::span<double> out, Workspace&) {
        out[0] = std::max(out[0], static_cast<double>(block.first_row + block.rows));
      });
  EXPECT_EQ(maxima.at(0), static_cast<double>(rows));
}

TEST_F(EngineTest, ARankThatThrowsIsHeardByAll) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  SumShape shape;
  shape.add(1, 10);
  try {
    engine.superstep(table, shape, [&](const Block& block, Partial&, Workspace&) {
      if (block.index == 2) throw DataError("block two is not liked");
    });
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& e) {
    EXPECT_THAT(e.what(), HasSubstr("block two is not liked"));
    EXPECT_EQ(e.exit_code(), ExitCode::bad_data);
  }
}

TEST_F(EngineTest, BadValuesAreNamedInTheSameWordsOnAnyNumberOfRanks) {
  const Table table = open_table(comm_, data_file(comm_, rows, NAN, "engine_nan.h5"));
  for (const bool streams : {false, true}) {
    Engine engine = make_engine_that(streams, table, 1);
    SumShape shape;
    shape.add(columns, 40);
    try {
      engine.superstep(table, shape, add_columns);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const AgreedError& e) {
      EXPECT_STREQ(
          e.what(),
          "engine_nan.h5:/X holds 1 value that is NaN or infinite, the first is NaN at row "
          "163855, column 1; remove these rows or fill the values in before training");
    }
  }
}

TEST_F(EngineTest, ABudgetThatIsTooSmallIsRefusedWithTheSmallestThatWouldDo) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(1, std::size_t{50000});
  SumShape shape;
  shape.add(columns, 40);
  try {
    engine.superstep(table, shape, add_columns);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const AgreedError& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::memory);
    EXPECT_THAT(e.what(), HasSubstr("give --memory 2M or more"));
  }
  EXPECT_EQ(engine.counters().blocks, 0);
}

TEST_F(EngineTest, RowsAreHandedOverOnceEach) {
  const Table table = open_table(comm_, data_file(comm_));
  for (const bool streams : {false, true}) {
    Engine engine = make_engine_that(streams, table, 3);
    Index wrong = 0;
    Index seen = 0;
    engine.rows(
        table, 1,
        [](const Block& block, double* out, Workspace&) {
          for (Index r = 0; r < block.rows; ++r) out[r] = static_cast<double>(block.first_row + r);
        },
        [&](Index first, Index n, const double* values) {
          for (Index r = 0; r < n; ++r) wrong += values[r] != static_cast<double>(first + r);
          seen += n;
        });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(comm_.sum(seen), rows);
    expect_streamed(engine, streams);
  }
}

TEST_F(EngineTest, ASinkThatThrowsEndsThePassOnAllRanks) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  const auto run = [&] {
    engine.rows(
        table, 1, [](const Block&, double*, Workspace&) {},
        [](Index first, Index, const double*) {
          if (first == 4096) throw FileError("the disk is full");
        });
  };
  EXPECT_THROW(run(), AgreedError);
}

TEST_F(EngineTest, FewerRowsThanRanks) {
  const Table table = open_table(comm_, data_file(comm_, 2, 0.0, "engine_two.h5"));
  Engine engine = make_engine();
  const Sketch sketch = engine.sketch(table);
  EXPECT_EQ(sketch.shift.size(), 3u);
  SumShape shape = shape_of_columns();
  const Totals totals = engine.superstep(table, shape, add_columns);
  EXPECT_EQ(totals[0][0], block_sum(0, 2, 0));
}

}  // namespace
}  // namespace superstep
