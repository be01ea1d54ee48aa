// SPDX-License-Identifier: BSD-3-Clause
// K-means on any number of ranks: models do not depend on those trained beside them, a fold's model
// is that of a table of its rows, rows are picked from all ranks. What the models are is compared
// with scikit-learn's by tests/conformance/test_kmeans.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/cluster/kmeans.hpp>

#include <learn/cluster/row_pick.hpp>

#include "mpi/batch.hpp"

namespace superstep {
namespace {

constexpr Index rows = 7 * 4096 + 5;
constexpr Index columns = 3;

/// Nine blobs. One row lies far out in a block that the sketch does not look at, so every bound
/// that is declared from it is broken and supersteps are repeated.
std::string data_file(const Communicator& comm) {
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, weight{{rows}, {}};
    for (Index r = 0; r < rows; ++r) {
      RowRandom random(Philox(3, 1), static_cast<std::uint64_t>(r));
      const double blob = static_cast<double>(random.below(9));
      for (Index c = 0; c < columns; ++c)
        x.values.push_back(blob * (c == 0 ? 4.0 : 1.0) + random.normal());
      weight.values.push_back(static_cast<double>(random.below(4)));
    }
    x.values[static_cast<std::size_t>((4096 + 7) * columns)] = 1e5;
    Tree tree;
    tree.add("/X", x);
    tree.add("/weights_of_some", weight);
    write_tree("kmeans_data.h5", tree);
  });
  return "kmeans_data.h5";
}

Tree saved(const Model& model) {
  Tree tree;
  model.save(AttributeWriter(tree, "/"));
  return tree;
}

TEST(KMeans, ModelsDoNotDependOnTheirMates) {
  const Communicator comm = Communicator::world();
  Table table;
  table.data = Dataset::open(comm, data_file(comm));
  const Value far = Value::list(
      {Value::list({0.0, 0.0, 0.0}), Value::list({20.0, 5.0, 5.0}), Value::list({1e4, 1e4, 1e4})});
  const std::vector<KMeans> estimators = {
      KMeans({.n_clusters = 9, .n_init = 3}),
      KMeans({.n_clusters = 4, .init = "random", .n_init = 2, .tol = 0.0}),
      KMeans({.n_clusters = 3, .init = far}),
      KMeans({.n_clusters = 9, .n_init = 1, .max_iter = 2}),
      KMeans({.n_clusters = 9, .n_init = 2, .random_state = 8}),
  };
  std::vector<const Estimator*> batch;
  for (const KMeans& e : estimators) batch.push_back(&e);
  Engine engine(comm, {.memory = std::nullopt, .threads = 2, .seed = 5});
  const std::vector<ModelPtr> together = fit_together(engine, table, batch);
  EXPECT_GT(engine.counters().repeated, 0);
  Engine other(comm, {.memory = std::nullopt, .threads = 1, .seed = 5});
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const ModelPtr alone = fit_together(other, table, {batch[i]}).front();
    EXPECT_TRUE(saved(*alone) == saved(*together[i])) << batch[i]->expression();
    EXPECT_EQ(alone->report().n_iter, together[i]->report().n_iter);
    EXPECT_EQ(alone->report().warnings, together[i]->report().warnings);
  }
  EXPECT_FALSE(saved(*together[0]) == saved(*together[4]));  // another seed
}

/// Cell 3 gets every 4096th row, the other cells what a hash says.
class Scattered final : public Partition {
 public:
  Index cells() const override { return 4; }
  void assign(const Block& block, std::int32_t* cell) const override {
    for (Index i = 0; i < block.rows; ++i) {
      const Index place = block.place(i);
      const auto hash = (static_cast<std::uint64_t>(place) * 0x9e3779b97f4a7c15) >> 33;
      cell[i] = place % 4096 == 17 ? 3 : static_cast<std::int32_t>(hash % 3);
    }
  }
};

SplitPtr scattered(const std::shared_ptr<const Partition>& partition, std::vector<Role> roles) {
  auto split = std::make_shared<Split>(Split{partition, roles});
  std::vector<std::int32_t> cells(rows);
  Block all;
  all.rows = rows;
  partition->assign(all, cells.data());
  for (const std::int32_t cell : cells) {
    split->train_rows += split->role_of(cell) == Role::train ? 1 : 0;
    split->test_rows += split->role_of(cell) == Role::test ? 1 : 0;
  }
  return split;
}

/// Three folds, one that leaves a third of the rows out altogether, one that trains on seven rows.
std::vector<SplitPtr> splits() {
  constexpr Role unused = Role::unused, train = Role::train, test = Role::test;
  const auto one = std::make_shared<Scattered>(), other = std::make_shared<Scattered>();
  return {scattered(one, {test, train, train, train}), scattered(one, {train, test, train, train}),
          scattered(one, {train, train, test, train}),
          scattered(other, {train, test, unused, train}),
          scattered(one, {test, test, test, train})};
}

std::vector<KMeans> estimators_for_splits() {
  const Value far = Value::list(
      {Value::list({0.0, 0.0, 0.0}), Value::list({20.0, 5.0, 5.0}), Value::list({1e4, 1e4, 1e4})});
  return {
      KMeans({.n_clusters = 9, .n_init = 2}),
      KMeans({.n_clusters = 4, .init = "random", .n_init = 2, .tol = 0.0}),
      KMeans({.n_clusters = 6, .init = "random", .n_init = 1}),
      KMeans({.n_clusters = 3, .init = far}),
      KMeans({.n_clusters = 20, .n_init = 1, .random_state = 8}),
  };
}

TEST(KMeans, ModelsOfFoldsAreThoseOfTheirRows) {
  const Communicator comm = Communicator::world();
  for (const bool is_weighted : {false, true}) {
    DataOptions options;
    if (is_weighted) options.weight = "/weights_of_some";
    Table table;
    table.data = Dataset::open(comm, data_file(comm), options);
    const std::vector<KMeans> estimators = estimators_for_splits();
    std::vector<Candidate> batch;
    for (const KMeans& e : estimators) {
      batch.push_back({&e});
      for (const SplitPtr& split : splits()) batch.push_back({&e, split});
    }
    Engine engine(comm, {.memory = std::nullopt, .threads = 2, .seed = 5});
    const std::vector<Trained> together = batch[0].estimator->fit_batch(engine, table, batch);
    Engine other(comm, {.memory = std::nullopt, .threads = 1, .seed = 5});
    Index failures = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Estimator& estimator = *batch[i].estimator;
      const Trained alone = estimator.fit_batch(other, table, {&batch[i], 1}).front();
      const Candidate whole{&estimator};
      const Table only = batch[i].split ? table.only(batch[i].split, Role::train) : table;
      const Trained generic = estimator.fit_batch(other, only, {&whole, 1}).front();
      ASSERT_EQ(together[i].failure == nullptr, together[i].model != nullptr);
      ASSERT_EQ(together[i].failure == nullptr, alone.failure == nullptr);
      ASSERT_EQ(together[i].failure == nullptr, generic.failure == nullptr);
      if (together[i].failure) {
        ++failures;
        EXPECT_LE(batch[i].split->train_rows, 7);
        EXPECT_STREQ(together[i].failure->what(), generic.failure->what());
        continue;
      }
      EXPECT_TRUE(saved(*together[i].model) == saved(*alone.model)) << estimator.expression();
      EXPECT_TRUE(saved(*together[i].model) == saved(*generic.model)) << estimator.expression();
      EXPECT_EQ(together[i].model->report().warnings, generic.model->report().warnings);
    }
    EXPECT_GE(failures, 2);  // nine and twenty clusters of seven rows
    EXPECT_LE(failures, is_weighted ? 4 : 2);
  }
}

TEST(KMeans, FoldsShareTheirPasses) {
  const Communicator comm = Communicator::world();
  Table table;
  table.data = Dataset::open(comm, data_file(comm));
  const KMeans nine({.n_clusters = 9, .n_init = 2, .max_iter = 4, .tol = 0.0});
  const auto passes = [&](const std::vector<Candidate>& batch) {
    Engine engine(comm, {.memory = std::nullopt, .threads = 1, .seed = 5});
    nine.fit_batch(engine, table, batch);
    return engine.counters().passes;
  };
  std::vector<Candidate> all;
  Index most = 0;
  for (const SplitPtr& split : splits()) {
    if (split->train_rows < 100) continue;
    all.push_back({&nine, split});
    most = std::max(most, passes({all.back()}));
  }
  // Passes in which some fold's empty clusters ask for rows need not come together.
  EXPECT_LE(passes(all), most + 4);
}

// Restarts that have converged wait for the others; bounds that were learnt are remembered.
TEST(KMeans, GoesOnWhereFewerIterationsEnded) {
  const Communicator comm = Communicator::world();
  Table table;
  table.data = Dataset::open(comm, data_file(comm));
  Engine engine(comm, {.memory = std::nullopt, .threads = 1, .seed = 5});
  const auto with_iterations = [](Index most) {
    return KMeans({.n_clusters = 9, .n_init = 3, .max_iter = most, .tol = 0.0});
  };
  const SplitPtr split = splits().front();
  std::shared_ptr<const StageState> state;
  for (const Index most : {Index{1}, Index{3}, Index{4}, Index{300}, Index{400}}) {
    const KMeans e = with_iterations(most);
    const KMeans fresh({.n_clusters = 4, .n_init = 2, .max_iter = 5, .random_state = 8});
    const Trained straight =
        e.fit_batch(engine, table, std::vector<Candidate>{{&e, split}}).front();
    const std::vector<Candidate> batch = {{&e, split, nullptr, state}, {&fresh, split}};
    const Index before = engine.counters().passes;
    const Trained cut = e.fit_batch(engine, table, std::span(batch).first(1)).front();
    if (most == 400) {
      EXPECT_EQ(engine.counters().passes, before);  // all runs had converged
    }
    const Trained beside = e.fit_batch(engine, table, batch).front();
    ASSERT_TRUE(straight.model && cut.model && beside.model);
    for (const Trained* other : {&cut, &beside}) {
      EXPECT_TRUE(saved(*straight.model) == saved(*other->model)) << most;
      EXPECT_EQ(straight.model->report().n_iter, other->model->report().n_iter) << most;
      EXPECT_EQ(straight.model->report().warnings, other->model->report().warnings) << most;
    }
    EXPECT_EQ(straight.model->report().converged, most >= 300);
    state = cut.state;
  }
}

TEST(RowPick, SmallestOfAllRanksWhateverTheOrder) {
  const Communicator comm = Communicator::world();
  constexpr Index n = 1000;
  const auto key = [](Index row) { return static_cast<double>((row * 37) % 100); };  // many ties
  for (const Index most : {1, 7, 250, 2000}) {
    RowPick pick(most, 2);
    // Every rank offers its share twice, as a repeated pass does.
    const Share share = share_of(n, comm.rank(), comm.size());
    for (int again = 0; again < 2; ++again) {
      for (Index i = share.size() - 1; i >= 0; --i) {
        const Index row = share.begin + (i * 7919) % share.size();
        const double values[] = {static_cast<double>(row), -1.0};
        if (key(row) <= pick.limit()) pick.offer(key(row), row, values);
      }
    }
    std::vector<std::pair<double, Index>> expected;
    for (Index row = 0; row < n; ++row) expected.emplace_back(key(row), row);
    std::ranges::sort(expected);
    expected.resize(static_cast<std::size_t>(std::min(most, n)));
    const std::vector<RowPick::Row> found = pick.gather(comm);
    EXPECT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
      EXPECT_EQ(found[i].key, expected[i].first);
      EXPECT_EQ(found[i].row, expected[i].second);
      EXPECT_EQ(found[i].values, (std::vector<double>{static_cast<double>(found[i].row), -1.0}));
    }
    EXPECT_TRUE(pick.gather(comm).empty());
  }
}

}  // namespace
}  // namespace superstep
