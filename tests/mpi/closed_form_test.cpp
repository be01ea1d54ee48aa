// SPDX-License-Identifier: BSD-3-Clause
// Scalers, decompositions and naive Bayes, on any number of ranks: a model of a batch is the model
// trained alone, and a model read back is the model written.
#include <gtest/gtest.h>

#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/decomposition/pca.hpp>
#include <superstep/learn/decomposition/truncated_svd.hpp>
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>
#include <superstep/learn/preprocessing/min_max_scaler.hpp>
#include <superstep/learn/preprocessing/standard_scaler.hpp>

#include "mpi/batch.hpp"

namespace superstep {
namespace {

constexpr Index rows = 4 * 4096 + 35;
constexpr Index columns = 5;

/// Singular values from 1 down to 1e-9, far from zero; three classes; weights that differ.
Table open_table(const Communicator& comm, bool weighted) {
  const char* path = weighted ? "closed_form_weighted.h5" : "closed_form.h5";
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}}, weight{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      RowRandom random(Philox(5, 1), static_cast<std::uint64_t>(i));
      const double code = static_cast<double>(i % 3);
      double unit = 1.0, before = 0.0;
      for (Index c = 0; c < columns; ++c, unit *= 1e-2) {
        before = unit * random.normal() + 0.5 * before;
        x.values.push_back(before + (c == 0 ? 10.0 + code : 0.0));
      }
      y.values.push_back(code);
      weight.values.push_back(static_cast<double>(i % 4));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    if (weighted) tree.add("/weight", weight);
    write_tree(path, tree);
  });
  Table table;
  table.data = Dataset::open(comm, path);
  table.target = Target::classes;
  table.data->classes(comm);
  return table;
}

Tree saved(const Model& model) {
  Tree tree;
  model.save(AttributeWriter(tree, "/"));
  return tree;
}

template <class E, class P>
void expect_same_alone(const std::vector<P>& candidates) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const std::vector<E> estimators(candidates.begin(), candidates.end());
  std::vector<const Estimator*> batch;
  for (const E& e : estimators) batch.push_back(&e);
  for (const bool weighted : {false, true}) {
    const Table table = open_table(comm, weighted);
    const std::vector<ModelPtr> together = fit_together(engine, table, batch);
    ASSERT_EQ(together.size(), candidates.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const ModelPtr alone = fit_together(engine, table, {batch[i]}).front();
      const Tree tree = saved(*alone);
      EXPECT_EQ(tree, saved(*together[i])) << alone->expression();
      EXPECT_EQ(alone->expression(), together[i]->expression());
      EXPECT_EQ(alone->report().warnings, together[i]->report().warnings);
      const ModelPtr loaded = estimators[i].load(AttributeReader(tree, "/"));
      EXPECT_EQ(tree, saved(*loaded)) << alone->expression();
      EXPECT_EQ(loaded->features(), columns);
    }
  }
}

TEST(ClosedForm, Scalers) {
  expect_same_alone<StandardScaler, StandardScalerParams>(
      {{}, {.with_mean = false}, {.with_std = false}, {.with_mean = false, .with_std = false}});
  expect_same_alone<MinMaxScaler, MinMaxScalerParams>(
      {{}, {.feature_range = Value::tuple({-1, 2}), .clip = true}});
  expect_same_alone<MaxAbsScaler, MaxAbsScalerParams>({{}, {}});
}

// Some of the candidates need a second pass, others do not and must not see that it was made.
TEST(ClosedForm, Decompositions) {
  expect_same_alone<PCA, PCAParams>({{.n_components = 5},
                                     {.n_components = 1},
                                     {.n_components = 0.5, .whiten = true},
                                     {.n_components = "mle"},
                                     {}});
  expect_same_alone<TruncatedSVD, TruncatedSVDParams>(
      {{.n_components = 1}, {.n_components = 5}, {.n_components = 2}});
}

TEST(ClosedForm, NaiveBayes) {
  const Value priors = Value::list({0.5, 0.25, 0.25});
  expect_same_alone<GaussianNB, GaussianNBParams>(
      {{}, {.var_smoothing = 0.1}, {.priors = priors, .var_smoothing = 0.0}});
}

}  // namespace
}  // namespace superstep
