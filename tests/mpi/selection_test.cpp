// SPDX-License-Identifier: BSD-3-Clause
// --rows and --sample: which rows they pick does not depend on ranks, threads or memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep {
namespace {

constexpr Index rows = 40 * 4096 + 17;
constexpr Index columns = 3;
constexpr std::size_t ample = std::size_t{1} << 28;

/// The least budget that does: most blocks of a whole file are read anew in each pass.
std::size_t scarce(const Communicator& comm, const Table& table, int threads) {
  EngineOptions options;
  options.threads = threads;
  options.memory = ample;
  return Engine(comm, options).least_memory(table, {});
}

/// The first column numbers the rows.
std::string data_file(const Communicator& comm) {
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}};
    for (Index r = 0; r < rows; ++r) {
      x.values.insert(x.values.end(), {static_cast<double>(r), 1.0, 2.0});
    }
    Tree tree;
    tree.add("/X", x);
    write_tree("selection_data.h5", tree);
  });
  return "selection_data.h5";
}

/// The rows that the blocks hold, in order, on every rank. **Collective.**
std::vector<Index> rows_seen(const Communicator& comm, const DataOptions& options, int threads,
                             bool streams) {
  Table table;
  table.data = Dataset::open(comm, "selection_data.h5", options);
  EngineOptions of_engine;
  of_engine.threads = threads;
  of_engine.memory = streams ? scarce(comm, table, threads) : ample;
  Engine engine(comm, of_engine);
  // Which rows are there, and the place of each.
  const std::vector<double> place =
      engine.maximum(table, rows, [](const Block& block, std::span<double> out, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          const double row = block.x.doubles()[i * block.columns];
          if (row != static_cast<double>(block.row(i))) throw DataError("a row has a wrong number");
          double& entry = out[static_cast<std::size_t>(row)];
          if (entry >= 0.0) throw DataError("a row comes twice");
          entry = static_cast<double>(block.place(i));
        }
      });
  std::vector<Index> seen;
  for (Index row = 0; row < rows; ++row) {
    const double p = place[static_cast<std::size_t>(row)];
    if (p < 0.0) continue;
    EXPECT_EQ(p, static_cast<double>(seen.size())) << "row " << row;
    seen.push_back(row);
  }
  EXPECT_EQ(static_cast<Index>(seen.size()), table.rows());
  return seen;
}

void expect_rows(const Communicator& comm, const DataOptions& options,
                 const std::vector<Index>& expected, const std::string& what) {
  for (const int threads : {1, 2}) {
    for (const bool streams : {false, true}) {
      EXPECT_TRUE(rows_seen(comm, options, threads, streams) == expected)
          << what << ", " << threads << " threads, streams: " << streams;
    }
  }
}

std::vector<Index> first_rows(Index n) {
  std::vector<Index> expected;
  for (Index r = 0; r < n; ++r) expected.push_back(r);
  return expected;
}

/// The rows are cut into pieces of a power of two of them, 2048 pieces or more; each draws a number
/// from the seed; the smallest are taken, as many as the fraction says, at least one.
std::vector<Index> sampled_rows(Index of_rows, double fraction, std::uint64_t seed) {
  Index tall = 1;
  while (2 * tall * 2048 <= of_rows) tall *= 2;
  const Index blocks = (of_rows + tall - 1) / tall;
  std::vector<std::pair<double, Index>> draws;
  for (Index i = 0; i < blocks; ++i) {
    RowRandom random(Philox(seed, 0x73616d70), static_cast<std::uint64_t>(i));
    draws.emplace_back(random.uniform(), i);
  }
  std::ranges::sort(draws);
  std::vector<bool> taken(static_cast<std::size_t>(blocks));
  for (Index i = 0; i < std::max<Index>(1, std::ceil(fraction * static_cast<double>(blocks)));
       ++i) {
    taken[static_cast<std::size_t>(draws[static_cast<std::size_t>(i)].second)] = true;
  }
  std::vector<Index> expected;
  for (Index r = 0; r < of_rows; ++r) {
    if (taken[static_cast<std::size_t>(r / tall)]) expected.push_back(r);
  }
  return expected;
}

TEST(Selection, RowsAreTheFirst) {
  const Communicator comm = Communicator::world();
  data_file(comm);
  for (const Index n : {Index{1}, Index{4096}, Index{10'000}, rows, rows + 5}) {
    DataOptions options;
    options.rows = n;
    expect_rows(comm, options, first_rows(std::min(n, rows)), std::to_string(n) + " rows");
  }
}

TEST(Selection, SampleIsAFractionOfTheRowsInPieces) {
  const Communicator comm = Communicator::world();
  data_file(comm);
  for (const double fraction : {1e-9, 0.3, 0.8, 1.0}) {
    for (const std::uint64_t seed : {0U, 9U}) {
      DataOptions options;
      options.sample = fraction;
      options.seed = seed;
      expect_rows(comm, options, sampled_rows(rows, fraction, seed),
                  std::to_string(fraction) + " of them");
    }
  }
  EXPECT_NE(sampled_rows(rows, 0.3, 0), sampled_rows(rows, 0.3, 9));
}

TEST(Selection, SampleIsTakenOfTheFirstRows) {
  const Communicator comm = Communicator::world();
  data_file(comm);
  DataOptions options;
  options.rows = 30'000;
  options.sample = 0.5;
  expect_rows(comm, options, sampled_rows(30'000, 0.5, 0), "half of 30,000 rows");
}

TEST(Selection, LittleMemoryStreams) {
  const Communicator comm = Communicator::world();
  data_file(comm);
  Table table;
  table.data = Dataset::open(comm, "selection_data.h5");
  EngineOptions options;
  options.memory = scarce(comm, table, 1);
  Engine engine(comm, options);
  const auto look = [&] {
    engine.maximum(table, rows, [](const Block&, std::span<double>, Workspace&) {});
    return table.data->bytes_read();
  };
  const std::size_t once = look();
  EXPECT_GT(look(), once);
  EXPECT_GT(engine.counters().blocks_streamed, 0);
}

TEST(Selection, OtherChoicesAreRefused) {
  const Communicator comm = Communicator::world();
  data_file(comm);
  for (const double fraction : {0.0, -0.5, 1.5, static_cast<double>(NAN)}) {
    DataOptions options;
    options.sample = fraction;
    EXPECT_THROW(Dataset::open(comm, "selection_data.h5", options), AgreedError) << fraction;
  }
  DataOptions none;
  none.rows = 0;
  EXPECT_THROW(Dataset::open(comm, "selection_data.h5", none), AgreedError);
}

}  // namespace
}  // namespace superstep
