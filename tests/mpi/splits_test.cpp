// SPDX-License-Identifier: BSD-3-Clause
// Splits in the engine's hands: cells come out the same whatever the table reads, whichever rows it
// shows and however blocks are kept, and split sizes are those that blocks show.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/select/splitter.hpp>

namespace superstep {
namespace {

constexpr Index rows = 20 * 4096 + 331;
constexpr const char* expressions[] = {
    "KFold(4)",
    "KFold(4, shuffle=True)",
    "StratifiedKFold(4)",
    "RepeatedStratifiedKFold(n_splits=3, n_repeats=2)",
    "StratifiedShuffleSplit(2, test_size=0.3, train_size=0.4)",
    "GroupKFold(3)",
    "LeaveOneGroupOut()",
    "TimeSeriesSplit(3, gap=100)",
};

/// X(r, 0) is the number of the row, y one of three classes, groups one of seven.
std::shared_ptr<Dataset> open_data(const Communicator& comm, std::optional<double> sample = {}) {
  on_root(comm, [&] {
    TreeArray<double> x{{rows, 1}, {}}, y{{rows}, {}}, groups{{rows}, {}};
    for (Index r = 0; r < rows; ++r) {
      x.values.push_back(static_cast<double>(r));
      y.values.push_back(static_cast<double>(r * r % 7 == 1 ? 5 : r % 2));
      groups.values.push_back(static_cast<double>(r * 31 % 101 % 7));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    tree.add("/groups", groups);
    write_tree("splits.h5", tree);
  });
  DataOptions options;
  options.groups = "/groups";
  options.sample = sample;
  return Dataset::open(comm, "splits.h5", options);
}

/// The cell of every selected row, by number in the file; -1 elsewhere. Found without an engine.
std::vector<std::int32_t> cells_of(const Dataset& data, const Partition& partition) {
  std::vector<std::int32_t> cells(rows, -1);
  for (Index i = 0; i < data.blocks().size(); ++i) {
    Block block;
    block.position = i;
    block.first_row = data.blocks().first_row(i);
    block.first_place = i * data.blocks().rows_per_block();
    block.rows = data.blocks().rows_of(i);
    partition.assign(block, cells.data() + block.first_row);
  }
  return cells;
}

/// Rows that a table shows, and rows whose cell is not the expected one.
std::pair<Index, Index> shown_and_wrong(Engine& engine, const Table& table,
                                        const Partition& partition,
                                        const std::vector<std::int32_t>& expected) {
  SumShape shape;
  shape.add(2, 13);
  const Totals totals = engine.superstep(
      table, shape, [&](const Block& block, Partial& partial, Workspace& workspace) {
        std::int32_t* cell = workspace.integers(0, block.rows);
        partition.assign(block, cell);
        for (Index i = 0; i < block.rows; ++i) {
          const auto row = static_cast<std::size_t>(block.x.doubles()[i]);
          partial[0][1] += cell[i] == expected[row] ? 0.0 : 1.0;
        }
        partial[0][0] += static_cast<double>(block.rows);
      });
  return {static_cast<Index>(totals[0][0]), static_cast<Index>(totals[0][1])};
}

void check_engine(Engine& engine, const std::shared_ptr<Dataset>& data, const char* expression) {
  data->classes(engine.comm());
  const Folds folds = make_splitter(expression, Kind::regressor)->split(engine, data);
  ASSERT_FALSE(folds.splits.empty());
  for (const SplitPtr& split : {folds.splits.front(), folds.splits.back()}) {
    const Partition& partition = *split->partition;
    const std::vector<std::int32_t> cells = cells_of(*data, partition);
    for (const std::int32_t cell : cells) ASSERT_LT(cell, partition.cells());
    for (const Target target : {Target::classes, Target::none, Target::numbers}) {
      Table table;
      table.data = data;
      table.target = target;
      EXPECT_EQ(shown_and_wrong(engine, table, partition, cells),
                std::pair(data->rows(), Index{0}));
      for (const Role role : {Role::train, Role::test}) {
        const Table part = table.only(split, role);
        EXPECT_EQ(shown_and_wrong(engine, part, partition, cells),
                  std::pair(split->rows(role), Index{0}));
      }
    }
  }
}

TEST(Splits, AreTheSameForEveryTable) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  for (const char* expression : expressions) {
    SCOPED_TRACE(expression);
    // The groups are first asked for after blocks were read, or before: another dataset each time.
    const auto data = open_data(comm);
    check_engine(engine, data, expression);
    check_engine(engine, data, expressions[5]);
    check_engine(engine, open_data(comm, 0.5), expression);
  }
}

TEST(Splits, CodesThatNobodyFoundAreADefect) {
  const Communicator comm = Communicator::world();
  const auto data = open_data(comm);
  StoredBlock block;
  std::vector<double> codes(static_cast<std::size_t>(data->blocks().rows_of(0)), -7.0);
  EXPECT_THROW(data->read(0, Target::classes, block), std::logic_error);
  EXPECT_THROW(data->read_target(0, Target::classes, block), std::logic_error);
  EXPECT_THROW(data->read_classes(0, codes.data()), std::logic_error);
  EXPECT_THROW(data->read_groups(0, codes.data()), std::logic_error);
  data->classes(comm);
  data->groups(comm);
  data->read_classes(0, codes.data());
  EXPECT_EQ(codes[2], 0.0);
  EXPECT_EQ(codes[1], 2.0);
  data->read_groups(0, codes.data());
  EXPECT_EQ(codes[1], 3.0);  // 31 % 7
}

TEST(Splits, StreamedBlocksHaveTheSameCells) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {.memory = std::size_t{7} << 19});
  const auto data = open_data(comm);
  for (const char* expression : expressions) {
    SCOPED_TRACE(expression);
    check_engine(engine, data, expression);
  }
  if (comm.size() > 1) return;
  // At least the features of a quarter of the blocks, in each of some 144 passes.
  EXPECT_GT(data->bytes_read(), std::size_t{100 * rows * 2});
}

TEST(Splits, FoldsOfAPartitionShareIt) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const auto data = open_data(comm);
  const auto count = [&](const char* expression) {
    std::vector<const Partition*> partitions;
    for (const SplitPtr& s :
         make_splitter(expression, Kind::regressor)->split(engine, data).splits) {
      partitions.push_back(s->partition.get());
    }
    const std::size_t splits = partitions.size();
    std::ranges::sort(partitions);
    partitions.erase(std::ranges::unique(partitions).begin(), partitions.end());
    return std::pair(splits, partitions.size());
  };
  EXPECT_EQ(count("5"), std::pair(std::size_t{5}, std::size_t{1}));
  EXPECT_EQ(count("RepeatedStratifiedKFold(n_splits=3, n_repeats=2)"),
            std::pair(std::size_t{6}, std::size_t{2}));
  EXPECT_EQ(count("TimeSeriesSplit(4)"), std::pair(std::size_t{4}, std::size_t{1}));
  EXPECT_EQ(count("ShuffleSplit(3)"), std::pair(std::size_t{3}, std::size_t{3}));
}

TEST(Splits, FailuresAreAgreedOn) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const auto data = open_data(comm);
  for (const char* expression :
       {"KFold(20000)", "GroupKFold(8)", "StratifiedShuffleSplit(test_size=2)",
        "TimeSeriesSplit(9999, test_size=9)"}) {
    EXPECT_THROW(make_splitter(expression, Kind::regressor)->split(engine, data), AgreedError)
        << expression;
  }
}

}  // namespace
}  // namespace superstep
