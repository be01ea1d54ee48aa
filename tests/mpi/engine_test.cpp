// SPDX-License-Identifier: BSD-3-Clause
// The engine on any number of ranks: exact sums, repeated supersteps, streaming, failures that are
// agreed on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/trace.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep {
namespace {

using ::testing::HasSubstr;

// Large enough that each of five ranks streams with the least budget.
constexpr Index rows = 40 * 4096 + 17;
constexpr std::size_t ample = std::size_t{1} << 28;
constexpr Index columns = 3;

double value_at(Index row, Index column) {
  RowRandom random(Philox(7, 1), static_cast<std::uint64_t>(row * columns + column));
  return random.normal() * std::pow(10.0, static_cast<double>(column * 3 - 3));
}

/// Written by the root, once for each test program.
const std::string& data_file(const Communicator& comm, Index n = rows, double poison = 0.0,
                             const std::string& name = "engine_data.h5") {
  static std::string path;
  path = name;
  on_root(comm, [&] {
    TreeArray<double> x{{n, columns}, {}};
    for (Index r = 0; r < n; ++r) {
      for (Index c = 0; c < columns; ++c) x.values.push_back(value_at(r, c));
    }
    if (poison != 0.0) x.values[static_cast<std::size_t>((n - 2) * columns + 1)] = poison;
    Tree tree;
    tree.add("/X", x);
    write_tree(name, tree);
  });
  return path;
}

Table open_table(const Communicator& comm, const std::string& path) {
  Table table;
  table.data = Dataset::open(comm, path);
  return table;
}

/// The correctly rounded sum of doubles (Shewchuk 1997, as Python's math.fsum): our independent
/// judge.
double exactly_rounded_sum(const std::vector<double>& values) {
  std::vector<double> parts;
  for (double x : values) {
    std::size_t used = 0;
    for (double y : parts) {
      if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
      const double high = x + y;
      const double low = y - (high - x);
      if (low != 0.0) parts[used++] = low;
      x = high;
    }
    parts.resize(used);
    parts.push_back(x);
  }
  double sum = 0.0;
  for (std::size_t i = parts.size(); i-- > 0;) sum += parts[i];
  return sum;
}

double block_sum(Index first_row, Index n, Index column) {
  double sum = 0.0;
  for (Index r = 0; r < n; ++r) sum += value_at(first_row + r, column);
  return sum;
}

std::vector<double> expected_sums() {
  const BlockPlan plan(rows, columns);
  std::vector<double> sums;
  for (Index c = 0; c < columns; ++c) {
    std::vector<double> partials;
    for (Index b = 0; b < plan.size(); ++b) {
      partials.push_back(block_sum(plan.first_row(b), plan.rows_of(b), c));
    }
    sums.push_back(exactly_rounded_sum(partials));
  }
  return sums;
}

void add_columns(const Block& block, Partial& partial, Workspace&) {
  for (Index c = 0; c < columns; ++c) {
    for (Index r = 0; r < block.rows; ++r)
      partial[0][static_cast<std::size_t>(c)] += block.x[r * columns + c];
  }
}

/// Bounds that are loose by a factor of a thousand or so, as an estimator's are.
SumShape shape_of_columns() {
  SumShape shape;
  shape.add(std::vector<int>{4, 14, 24});
  return shape;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : comm_(Communicator::world()) {}
  Engine make_engine(int threads = 1, std::optional<std::size_t> memory = {}) {
    EngineOptions options;
    options.threads = threads;
    options.memory = memory.value_or(ample);
    return Engine(comm_, options);
  }
  /// With room for the fewest blocks that will do: the others are read anew in each pass.
  Engine make_streaming_engine(const Table& table, int threads) {
    return make_engine(threads, make_engine(threads).least_memory(table, {}));
  }
  Engine make_engine_that(bool streams, const Table& table, int threads) {
    return streams ? make_streaming_engine(table, threads) : make_engine(threads);
  }
  /// **Collective.**
  void expect_streamed(const Engine& engine, bool streams) {
    EXPECT_EQ(comm_.min(engine.counters().blocks_streamed) > 0, streams);
  }
  Communicator comm_;
};

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
    const Traffic before = comm_.traffic();
    engine.superstep(table, shape, add_columns);
    EXPECT_EQ(comm_.traffic().allreduces - before.allreduces, 1);
    EXPECT_EQ(comm_.traffic().collectives - before.collectives, 1);
    bytes[i++] = comm_.traffic().bytes - before.bytes;
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST_F(EngineTest, TheTraceTellsPassesAndTheirAllreduce) {
  const Table table = open_table(comm_, data_file(comm_));
  Engine engine = make_engine(2);
  SumShape shape = shape_of_columns();
  comm_.barrier();
  EXPECT_FALSE(comm_.trace().is_on());
  comm_.trace().begin();
  engine.reserve(table, {});
  const std::size_t before = comm_.trace().events().size();
  const Index bytes_before = comm_.traffic().bytes;
  engine.superstep(table, shape, add_columns);
  const Index bytes_of_sum = comm_.traffic().bytes - bytes_before;
  const std::vector<TraceEvent>& events = comm_.trace().events();
  ASSERT_EQ(events.size(), before + 3);
  EXPECT_STREQ(events[before].what, "load");
  EXPECT_STREQ(events[before + 1].what, "pass");
  EXPECT_STREQ(events[before + 2].what, "sum");
  EXPECT_EQ(comm_.sum(events[before + 1].bytes), rows * columns * 8);
  EXPECT_EQ(comm_.sum(events[before + 1].rows), rows);
  EXPECT_EQ(events[before + 2].ranks, comm_.size());
  EXPECT_EQ(events[before + 2].bytes, bytes_of_sum);
  double last_s = 0.0;
  for (const TraceEvent& e : events) {
    EXPECT_GE(e.begin_s, last_s);
    EXPECT_GE(e.end_s - e.begin_s, e.wait_s - 1e-5);  // clocks are read one after the other
    last_s = e.end_s;
  }
  const std::string csv = trace_csv(comm_);
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
