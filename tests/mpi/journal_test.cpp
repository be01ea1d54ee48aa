// SPDX-License-Identifier: BSD-3-Clause
// A training is what it has been told: every estimator is stopped after every answer, its journal
// is written, everything else is thrown away, and a new training on other ranks, with other threads
// and too little memory for the blocks, ends with the same bytes without asking again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/attributes.hpp>
#include <superstep/learn/registry.hpp>
#include "mpi/batch.hpp"

namespace superstep {
namespace {

constexpr Index rows = 4 * 4096 + 77;
constexpr Index columns = 4;
constexpr const char* file = "journal.h5";

/// Two columns that follow from each other, units that differ, rare values, one of them so large in
/// a block that no sketch looks at that bounds are mended; three classes.
void write_data(const Communicator& comm) {
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      RowRandom random(Philox(5, 2), static_cast<std::uint64_t>(i));
      const double a = random.normal(), b = random.normal();
      x.values.insert(x.values.end(), {a, 3.0 * a - 1.0, 100.0 * b + 1000.0,
                                       i == 9000 ? 5000.0 : (i % 997 == 0 ? 1.0 : 0.0)});
      y.values.push_back(
          a + 0.5 * b + random.normal() > 0.0 ? 1.0 : (random.uniform() < 0.3 ? 2.0 : 0.0));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree(file, tree);
  });
}

std::string bytes_of(const ModelPtr& model) {
  Tree tree;
  model->save(AttributeWriter(tree, "/"));
  const std::vector<std::byte> bytes = serialize(tree);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Some ranks with what they need to train.
struct Crew {
  Crew(const Communicator& comm_in, int threads_in)
      : comm(comm_in), threads(threads_in), data(Dataset::open(comm, file)) {}

  /// The models of one training, or nothing where the journal stopped it.
  std::vector<std::string> train(const std::vector<std::unique_ptr<Estimator>>& estimators,
                                 Journal* journal) {
    Table table;
    table.data = data;
    table.target = estimators.front()->target();
    if (table.target == Target::classes) data->classes(comm);
    std::vector<Candidate> batch;
    for (const auto& e : estimators) batch.push_back({e.get()});
    const Footprint need = footprint_for(Engine(comm, {.memory = std::size_t{1} << 28}),
                                         *estimators.front(), table, batch);
    Engine engine(comm, {.memory = std::size_t{1} << 28, .threads = threads});
    engine.reserve(table, need);
    engine.set_journal(journal);
    std::vector<std::string> models;
    try {
      for (const Trained& t : estimators.front()->fit_batch(engine, table, batch)) {
        models.push_back(t.failure ? t.failure->what() : bytes_of(t.model));
      }
    } catch (const AgreedError& e) {
      if (e.exit_code() != ExitCode::checkpointed) throw;
    }
    supersteps = engine.counters().supersteps;
    repeated = engine.counters().repeated;
    return models;
  }

  const Communicator& comm;
  int threads;
  std::shared_ptr<Dataset> data;
  Index supersteps = 0;
  Index repeated = 0;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest()
      : comm_(Communicator::world()),
        some_(comm_.split(comm_.rank() + 1 == comm_.size() && comm_.size() > 1 ? 1 : 0)) {
    write_data(comm_);
  }

  std::vector<std::byte> the_same_everywhere(const std::vector<std::byte>& bytes) {
    for (const auto& other : comm_.gather_all(bytes)) EXPECT_EQ(other, bytes);
    return bytes;
  }

  /// Stops after every answer, or after some of very many.
  void expect_to_go_on(const std::vector<std::string>& expressions) {
    std::vector<std::unique_ptr<Estimator>> estimators;
    for (const std::string& e : expressions) estimators.push_back(make_estimator(e));
    Crew all(comm_, 1), others(some_, 2);
    const std::vector<std::string> expected = all.train(estimators, nullptr);
    Journal whole;
    EXPECT_EQ(all.train(estimators, &whole), expected) << expressions.front();
    any_repeated_ = any_repeated_ || all.repeated > 0;
    const Index supersteps = all.supersteps;
    const std::vector<std::byte> bytes_of_whole = the_same_everywhere(whole.bytes());
    const Index answers = whole.answers();
    ASSERT_GT(answers, 0);
    const Index stride = std::max<Index>(1, answers / 16);
    for (Index stop = 1; stop <= answers; stop += stride) {
      Journal journal;
      Index told = 0;
      journal.tell([&] {
        if (++told == stop) throw AgreedError(ExitCode::checkpointed, "stopped");
      });
      EXPECT_TRUE(all.train(estimators, &journal).empty());
      const std::vector<std::byte> bytes = the_same_everywhere(journal.bytes());
      Journal again{std::span(bytes)};
      EXPECT_EQ(again.answers(), stop);
      EXPECT_EQ(others.train(estimators, &again), expected) << expressions.front() << stop;
      EXPECT_LE(others.supersteps, supersteps);
      EXPECT_EQ(again.answers(), answers);
    }
    Journal complete{std::span(std::as_const(bytes_of_whole))};
    EXPECT_EQ(others.train(estimators, &complete), expected);
    EXPECT_EQ(others.supersteps, 0);
  }

  bool any_repeated_ = false;
  Communicator comm_;
  Communicator some_;  ///< all ranks but the last, and the last alone
};

TEST_F(JournalTest, EveryEstimatorGoesOnWhereItStood) {
  const std::set<std::string> given = {"KMeans"};
  for (const RegisteredEstimator& e : registry()) {
    const std::string name = e.table->estimator();
    if (!given.contains(name)) expect_to_go_on({name + "()"});
  }
  expect_to_go_on({"KMeans(n_clusters=3, max_iter=8)"});
  expect_to_go_on({"KMeans(n_clusters=5, init='random', n_init=2, max_iter=6)"});
  EXPECT_TRUE(any_repeated_);
}

TEST_F(JournalTest, WithOtherParameters) {
  expect_to_go_on({"LinearRegression(fit_intercept=False)"});
  expect_to_go_on({"LogisticRegression(C=1000.0, class_weight='balanced')"});
  expect_to_go_on({"Ridge(alpha=0.0)"});
  expect_to_go_on({"KMeans(n_clusters=40, max_iter=5, random_state=3)"});  // with empty clusters
}

TEST_F(JournalTest, PipelinesAndTrainingsSideBySide) {
  expect_to_go_on(
      {"make_pipeline(StandardScaler(), PCA(n_components=2), KMeans(n_clusters=3, max_iter=5))"});
  expect_to_go_on({"make_pipeline(StandardScaler(), LogisticRegression())",
                   "make_pipeline(StandardScaler(), GaussianNB())",
                   "make_pipeline(MinMaxScaler(), GaussianNB())",
                   "make_pipeline(PCA(n_components=2), LogisticRegression(C=0.1))"});
}

TEST_F(JournalTest, AFailureIsAnAnswer) {
  Journal journal;
  Crew crew(comm_, 1);
  std::vector<std::unique_ptr<Estimator>> estimators;
  estimators.push_back(make_estimator("KMeans(n_clusters=17000)"));
  estimators.push_back(make_estimator("KMeans(n_clusters=2, max_iter=3)"));
  const std::vector<std::string> expected = crew.train(estimators, nullptr);
  EXPECT_THAT(expected.front(), testing::HasSubstr("n_samples"));
  EXPECT_EQ(crew.train(estimators, &journal), expected);
  const std::vector<std::byte> bytes = the_same_everywhere(journal.bytes());
  Journal again{std::span(bytes)};
  EXPECT_EQ(crew.train(estimators, &again), expected);
  EXPECT_EQ(crew.supersteps, 0);
}

TEST_F(JournalTest, AnotherTrainingsJournalIsRefused) {
  Journal journal;
  Crew crew(comm_, 1);
  std::vector<std::unique_ptr<Estimator>> one, other;
  one.push_back(make_estimator("GaussianNB()"));
  other.push_back(make_estimator("MinMaxScaler()"));
  crew.train(one, &journal);
  const std::vector<std::byte> bytes = journal.bytes();
  Journal again{std::span(bytes)};
  EXPECT_THROW(crew.train(other, &again), DataError);
}

TEST_F(JournalTest, DamagedBytesAreRefused) {
  Journal journal;
  Crew crew(comm_, 1);
  std::vector<std::unique_ptr<Estimator>> one;
  one.push_back(make_estimator("StandardScaler()"));
  crew.train(one, &journal);
  const std::vector<std::byte> bytes = journal.bytes();
  for (std::size_t length = 1; length < bytes.size(); length += 7) {
    EXPECT_THROW(Journal{std::span(bytes).first(length)}, DataError);
  }
  std::vector<std::byte> other = bytes;
  other.front() = std::byte{0xff};
  EXPECT_THROW(Journal{std::span(other)}, DataError);
}

}  // namespace
}  // namespace superstep
