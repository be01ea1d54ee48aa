// SPDX-License-Identifier: BSD-3-Clause
// Teams of ranks: parts of a communicator, memory and blocks that a node shares, and evaluations
// that come out the same whether all ranks train everything or teams share it out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include <superstep/comm/node_memory.hpp>
#include <superstep/engine/node_blocks.hpp>
#include <superstep/select/evaluation.hpp>

#include "mpi/held_out.hpp"

namespace superstep {
namespace {

using ::testing::HasSubstr;

class TeamsTest : public ::testing::Test {
 protected:
  TeamsTest() : comm_(Communicator::world()) {}
  int rank() const { return comm_.rank(); }
  int size() const { return comm_.size(); }
  Communicator comm_;
};

TEST_F(TeamsTest, PartsWorkByThemselves) {
  const Communicator part = comm_.split(rank() % 2);
  EXPECT_EQ(part.size(), (size() + 1 - rank() % 2) / 2);
  EXPECT_EQ(part.rank(), rank() / 2);
  for (int r = 0; r < part.size(); ++r) EXPECT_EQ(part.world_rank(r), 2 * r + rank() % 2);
  // One part communicates more often than the other, then all do.
  Index sum = 0;
  for (int i = 0; i < 10 + 90 * (rank() % 2); ++i) sum += part.sum(Index{1});
  EXPECT_EQ(sum, (10 + 90 * (rank() % 2)) * part.size());
  EXPECT_EQ(comm_.sum(Index{1}), size());
  EXPECT_GE(comm_.counters().allreduces, 11) << "the parts' traffic counts";
}

TEST_F(TeamsTest, AFailureInAPartNamesTheRankAsAllKnowIt) {
  if (size() < 4) GTEST_SKIP() << "needs a part with a second rank";
  const Communicator part = comm_.split(rank() % 2);
  std::string message;
  try {
    collectively(part, [&] {
      if (rank() == 2) throw DataError("a bad block");
    });
  } catch (const AgreedError& e) {
    message = e.what();
  }
  if (rank() % 2 == 0) {
    EXPECT_THAT(message, HasSubstr("a bad block (rank 2 "));
  } else {
    EXPECT_EQ(message, "");
  }
}

TEST_F(TeamsTest, EveryRankOfTheNodeSeesWhatTheOthersWrote) {
  const Communicator node = comm_.on_node();
  const auto bytes = static_cast<std::size_t>(1000 + 1000 * node.rank());
  const NodeMemory memory(node, node.rank() == 1 ? 0 : bytes);
  if (node.rank() != 1) std::memset(memory.part(node.rank()), 1 + node.rank(), bytes);
  memory.publish(node);
  for (int r = 0; r < node.size(); ++r) {
    if (r == 1) continue;
    const std::byte* part = memory.part(r);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(part) % 64, 0u);
    for (const int i : {0, 999 + 1000 * r}) EXPECT_EQ(part[i], std::byte(1 + r)) << r << " " << i;
  }
  node.barrier();
}

TEST_F(TeamsTest, BlocksOfANodeAreReadOnceAndTheSameForAll) {
  const FoldedRows folds = write_folds(comm_, {.classes = 2, .is_weighted = true});
  const Dataset& data = *folds.all;
  folds.all->classes(comm_);
  ThreadPool pool(2);
  // The ranks want the first, the first two, ... blocks; nobody wants the fourth.
  const std::vector<Share> wanted = {{0, std::min<Index>(rank() + 1, 3)}};
  auto need = NodeBlocks::need_of(comm_, data, Target::classes, wanted);
  const auto blocks = static_cast<std::size_t>(std::min(size(), 3));
  EXPECT_EQ(need.blocks.size(), blocks);
  EXPECT_TRUE(need.has_room);
  EXPECT_GE(need.bytes_per_rank * static_cast<std::size_t>(size()),
            blocks * data.block_bytes(Target::classes));
  const NodeBlocks shared(comm_, folds.all, Target::classes, need, pool, [] {});
  const std::vector<Index> mine(need.blocks.begin(), need.blocks.begin() + wanted.front().end);
  EXPECT_TRUE(shared.serve(data, Target::classes, mine));
  EXPECT_TRUE(shared.serve(data, Target::none, mine));
  EXPECT_TRUE(shared.serve(data, Target::classes, {}));
  EXPECT_FALSE(shared.serve(data, Target::numbers, mine));
  EXPECT_FALSE(shared.serve(data, Target::classes, std::vector<Index>{0, 1, 2, 3}));
  for (std::size_t i = 0; i < blocks; ++i) {
    StoredBlock expected;
    data.read(static_cast<Index>(i), Target::classes, expected);
    const StoredBlock& block = shared.block(static_cast<Index>(i));
    const auto rows = static_cast<std::size_t>(data.blocks().rows_of(static_cast<Index>(i)));
    EXPECT_EQ(std::memcmp(block.x64.data(), expected.x64.data(), rows * n_columns * 8), 0);
    EXPECT_EQ(std::memcmp(block.y.data(), expected.y.data(), rows * 8), 0);
    EXPECT_EQ(std::memcmp(block.weight.data(), expected.weight.data(), rows * 8), 0);
  }
}

// ---- evaluation --------------------------------------------------------------------------------

const std::vector<std::string> mixed = {
    "make_pipeline(StandardScaler(), LogisticRegression(C=0.01))",
    "make_pipeline(StandardScaler(), GaussianNB())",
    "make_pipeline(StandardScaler(), LogisticRegression())",
    "make_pipeline(MinMaxScaler(), GaussianNB(var_smoothing=0.1))",
    "make_pipeline(StandardScaler(), PCA(n_components=9), LogisticRegression())",  // fails
    "make_pipeline(StandardScaler(), LogisticRegression(C=10.0))",
    "make_pipeline(StandardScaler(), PCA(n_components=2), GaussianNB())",
};

struct Candidates {
  explicit Candidates(const std::vector<std::string>& expressions) {
    for (const std::string& e : expressions) {
      owned.push_back(make_estimator(e));
      list.push_back(owned.back().get());
    }
  }
  std::vector<std::unique_ptr<Estimator>> owned;
  std::vector<const Estimator*> list;
};

std::vector<Outcomes> evaluate(const Communicator& comm, const FoldedData& folds,
                               const std::vector<const Estimator*>& candidates, int teams,
                               std::optional<std::size_t> memory = roomy) {
  Engine engine(comm, {.memory = memory, .threads = 2});
  Evaluator evaluator(engine, folds, {.metrics = {"accuracy", "neg_log_loss"}, .teams = teams});
  return evaluator.evaluate(candidates);
}

void expect_same(const std::vector<Outcomes>& ours, const std::vector<Outcomes>& expected) {
  ASSERT_EQ(ours.size(), expected.size());
  for (std::size_t c = 0; c < ours.size(); ++c) {
    for (std::size_t f = 0; f < ours[c].size(); ++f) {
      const FoldOutcome &a = ours[c][f], &b = expected[c][f];
      EXPECT_EQ(a.failure, b.failure) << c;
      if (b.failure.empty()) {
        EXPECT_EQ(a.test, b.test) << "candidate " << c << ", split " << f;
      }
      EXPECT_EQ(a.report.n_iter, b.report.n_iter);
      EXPECT_EQ(a.report.converged, b.report.converged);
      EXPECT_EQ(a.report.warnings, b.report.warnings);
      EXPECT_GT(a.fit_s, 0.0);
    }
  }
}

TEST_F(TeamsTest, OutcomesAreThoseOfAllRanksTogether) {
  const FoldedRows files = write_folds(comm_, {.classes = 3});
  const FoldedData folds{files.all, striped_splits()};
  const Candidates candidates(mixed);
  const std::vector<Outcomes> expected = evaluate(comm_, folds, candidates.list, 1);
  EXPECT_THAT(expected[4][0].failure, HasSubstr("n_components"));
  EXPECT_EQ(expected[3][0].failure, "");
  for (int teams = 2; teams <= size(); ++teams) {
    SCOPED_TRACE(std::to_string(teams) + " teams");
    const std::vector<Outcomes> outcomes = evaluate(comm_, folds, candidates.list, teams);
    expect_same(outcomes, expected);
    std::set<int> at_work;
    for (const Outcomes& o : outcomes) at_work.insert(o.front().team);
    EXPECT_GE(at_work.size(), static_cast<std::size_t>(std::min(teams, 4))) << "teams stood idle";
  }
}

TEST_F(TeamsTest, BlocksAreSharedOnlyWhereTheBudgetHasRoom) {
  Table table;
  table.data = write_folds(comm_, {.classes = 2}).all;
  const std::vector<Share> wanted = {{0, table.data->blocks().size()}};
  const Footprint need{.replicated = 30'000};
  Engine little(comm_, {.memory = 300'000, .threads = 1});
  EXPECT_FALSE(little.share_blocks(table, need, wanted));
  Engine ample(comm_, {.memory = roomy, .threads = 1});
  EXPECT_TRUE(ample.share_blocks(table, need, wanted));
  const std::size_t read = table.data->bytes_read();
  ample.maximum(table, 1, [](const Block&, std::span<double>, Workspace&) {});
  EXPECT_TRUE(ample.share_blocks(table, need, wanted));
  EXPECT_EQ(table.data->bytes_read(), read) << "what is shared is not read again";
}

TEST_F(TeamsTest, StatesStayWithTheirTeam) {
  const FoldedRows files = write_folds(comm_, {.classes = 2});
  const FoldedData folds{files.all, striped_splits()};
  const auto with_iterations = [](const std::string& n) {
    return Candidates({"LogisticRegression(C=0.01, max_iter=" + n + ")",
                       "LogisticRegression(C=1.0, max_iter=" + n + ")",
                       "LogisticRegression(C=100.0, max_iter=" + n + ")"});
  };
  const Candidates few = with_iterations("2"), many = with_iterations("60");
  const int teams = std::min(size(), 3);
  Engine engine(comm_, {.memory = roomy, .threads = 1});
  Evaluator evaluator(engine, folds,
                      {.metrics = {"neg_log_loss"}, .keeps_states = true, .teams = teams});
  const std::vector<Outcomes> first = evaluator.evaluate(few.list);
  std::vector<const Outcomes*> earlier;
  for (const Outcomes& o : first) earlier.push_back(&o);
  const std::vector<Outcomes> on = evaluator.evaluate(many.list, nullptr, earlier);
  Engine other(comm_, {.memory = roomy, .threads = 1});
  Evaluator together(other, folds, {.metrics = {"neg_log_loss"}});
  expect_same(on, together.evaluate(many.list));
  for (std::size_t c = 0; c < on.size(); ++c) EXPECT_EQ(on[c][0].team, first[c][0].team);
}

// ---- who does what -----------------------------------------------------------------------------

std::vector<TeamTask> tasks_of(const std::vector<double>& seconds) {
  std::vector<TeamTask> tasks;
  for (const double s : seconds) tasks.push_back({{tasks.size()}, "f", s, -1});
  return tasks;
}

TEST(Deal, LongestFirstToTheTeamThatIsFree) {
  const std::vector<TeamTask> tasks = tasks_of({1.0, 5.0, 2.0, 4.0, 3.0});
  const Deal dealt = deal(tasks, 2);
  EXPECT_EQ(dealt.team, (std::vector<int>{0, 0, 0, 1, 1}));
  EXPECT_EQ(dealt.seconds, (std::vector<double>{8.0, 7.0}));
  EXPECT_EQ(dealt.longest(), 8.0);
}

TEST(Deal, WhatIsBoundComesFirst) {
  std::vector<TeamTask> tasks = tasks_of({5.0, 1.0, 1.0});
  tasks[1].only = tasks[2].only = 0;
  EXPECT_EQ(deal(tasks, 2).team, (std::vector<int>{1, 0, 0}));
}

TEST_F(TeamsTest, TeamsAreChosenWhereBlocksAreTooFew) {
  const FoldedRows files = write_folds(comm_, {.classes = 2});
  const FoldedData folds{files.all, striped_splits()};  // four blocks
  std::vector<std::string> expressions = mixed;
  for (int i = 1; i <= 600; ++i) {
    expressions.push_back(
        "make_pipeline(StandardScaler(), LogisticRegression(C=" + std::to_string(i) + ".0))");
  }
  const Candidates many(expressions), few(mixed), one({mixed[0]});
  EXPECT_EQ(choose_teams({folds, 2, 1, 1}, many.list), 1);
  EXPECT_GT(choose_teams({folds, 2, 64, 1}, many.list), 2);
  EXPECT_EQ(choose_teams({folds, 2, 64, 1}, few.list), 1) << "sooner done than set up";
  EXPECT_EQ(choose_teams({folds, 2, 64, 1}, one.list), 1);
}

TEST_F(TeamsTest, FamiliesStayWholeUnlessCuttingHelps) {
  const FoldedRows files = write_folds(comm_, {.classes = 2});
  const FoldedData folds{files.all, striped_splits()};
  const Candidates candidates(mixed);
  const std::vector<int> anywhere(mixed.size(), -1);
  const auto whole = tasks_for({folds, 2, 1, 1}, candidates.list, anywhere, 1);
  ASSERT_EQ(whole.size(), 5u);
  EXPECT_EQ(whole[0].candidates, (std::vector<std::size_t>{0, 2, 5}));
  EXPECT_EQ(whole[0].family, "StandardScaler | LogisticRegression");
  std::vector<int> bound = anywhere;
  bound[2] = 1;
  EXPECT_EQ(tasks_for({folds, 2, 2, 1}, candidates.list, bound, 2)[2].only, 1);
}

}  // namespace
}  // namespace superstep
