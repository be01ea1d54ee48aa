// SPDX-License-Identifier: BSD-3-Clause
// Scalers, decompositions and naive Bayes of folds, and behind maps, from the statistics of one
// pass: against the same models trained on the fold's rows alone.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/decomposition/pca.hpp>
#include <superstep/learn/decomposition/truncated_svd.hpp>
#include <superstep/learn/naive_bayes/bernoulli_nb.hpp>
#include <superstep/learn/naive_bayes/gaussian_nb.hpp>
#include <superstep/learn/preprocessing/max_abs_scaler.hpp>
#include <superstep/learn/preprocessing/min_max_scaler.hpp>
#include <superstep/learn/preprocessing/standard_scaler.hpp>

#include "mpi/batch.hpp"
#include "mpi/folds.hpp"

namespace superstep {
namespace {

constexpr Index rows = 4 * 4096 + 35;
constexpr Index columns = 4;
constexpr Index run = 5000;

/// `apart`: far from zero, classes and the last rows far from the others, so that one look is not
/// enough. Some values are missing with `holes`.
struct Case {
  bool weighted = false;
  bool apart = false;
  bool holes = false;
};

double value_at(Index i, Index c, const Case& of) {
  RowRandom random(Philox(8, 1), static_cast<std::uint64_t>(i));
  double x = 0.0, value = 0.0;
  for (Index k = 0; k <= c; ++k) {
    value = random.normal() * (k == 1 ? 10.0 : 1.0) + 0.5 * x;
    x = value;
  }
  value += c == 2 ? 3.0 * static_cast<double>(i % 3) : 1.0;
  if (of.apart) value += 1e4 * static_cast<double>(i % 3) + (i / run == 2 ? 1e7 : 0.0);
  return of.holes && (i + c) % 11 == 0 ? std::nan("") : value;
}

double weight_at(Index i) { return static_cast<double>((i / 3) % 4); }

Table open_table(const Communicator& comm, const Case& of) {
  const std::string path = std::string("fold_statistics") + (of.weighted ? "_weighted" : "") +
                           (of.apart ? "_apart" : "") + (of.holes ? "_holes" : "") + ".h5";
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}}, weight{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      for (Index c = 0; c < columns; ++c) x.values.push_back(value_at(i, c, of));
      y.values.push_back(static_cast<double>(i % 3));
      weight.values.push_back(weight_at(i));
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    if (of.weighted) tree.add("/weight", weight);
    write_tree(path, tree);
  });
  Table table;
  table.data = Dataset::open(comm, path);
  table.target = Target::classes;
  table.may_miss = MayMiss(of.holes);
  table.data->classes(comm);
  return table;
}

Matrix matrix(const Tree& model, const char* name) {
  Matrix values;
  Length height, width;
  AttributeReader(model, "/")(name, values, height, width);
  return values;
}

Tree saved(const Model& model) {
  Tree tree;
  model.save(AttributeWriter(tree, "/"));
  return tree;
}

/// What the models make of some rows of the table, which may lie behind a map.
Matrix outputs(const Model& model, Method method, const Case& of, const AffineMap* map) {
  constexpr Index some = 200;
  Matrix x(some, columns);
  for (Index i = 0; i < some; ++i) {
    for (Index c = 0; c < columns; ++c) x(i, c) = value_at(i * 80, c, of);
  }
  Matrix seen = x;
  if (map != nullptr) {
    seen.resize(some, map->columns_out());
    map->apply(x.data(), some, seen.data());
  }
  Matrix out(some, model.width(method));
  model.apply(method, {seen.data(), some, seen.cols()}, math::Panel(out));
  return out;
}

void expect_near(const Matrix& a, const Matrix& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.rows(), b.rows()) << what;
  ASSERT_EQ(a.cols(), b.cols()) << what;
  const double scale = 1.0 + b.array().isNaN().select(0.0, b.array().abs()).maxCoeff();
  for (Index i = 0; i < a.size(); ++i) {
    const double x = a.data()[i], y = b.data()[i];
    if (std::isnan(y)) {
      EXPECT_TRUE(std::isnan(x)) << what;
    } else {
      EXPECT_NEAR(x, y, tolerance * scale) << what;
    }
  }
}

std::vector<AffineMapPtr> maps(bool dense) {
  const Vector centre{{0.5, -1.0, 2.0, 0.0}};
  std::vector<AffineMapPtr> maps = {
      nullptr, std::make_shared<AffineMap>(AffineMap::diagonal(
                   centre, Vector{{0.5, 0.1, 2.0, -1.0}}, Vector{{0.0, 1.0, 0.0, 0.0}}))};
  if (dense) {
    Matrix W(columns, 3);
    W << 1.0, 0.0, 0.5, 0.0, 0.1, -0.1, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0;
    maps.push_back(
        std::make_shared<AffineMap>(AffineMap::dense(centre, W, Vector{{0.0, 0.5, 0.0}})));
  }
  return maps;
}

class FoldStatistics : public testing::Test {
 protected:
  const Communicator comm = Communicator::world();
  Engine engine{comm, {}};

  std::vector<Candidate> candidates_of(const std::vector<const Estimator*>& estimators,
                                       const std::vector<AffineMapPtr>& behind) {
    std::vector<SplitPtr> splits = {nullptr};
    for (const auto& folds : {dealt_folds(5, rows), dealt_folds(4, rows, run, true)}) {
      splits.insert(splits.end(), folds.begin(), folds.end());
    }
    std::vector<Candidate> batch;
    for (const SplitPtr& split : splits) {
      for (const AffineMapPtr& map : behind) {
        for (const Estimator* e : estimators) batch.push_back({e, split, map});
      }
    }
    return batch;
  }

  void expect_models(const std::vector<const Estimator*>& estimators, Method method,
                     const std::vector<AffineMapPtr>& behind, const std::vector<Case>& cases,
                     double tolerance = 1e-10) {
    for (const Case& of : cases) {
      const Table table = open_table(comm, of);
      const std::vector<Candidate> batch = candidates_of(estimators, behind);
      const std::vector<Trained> together = train_all(engine, table, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const Model& model = *together[i].model;
        const Trained alone = train_all(engine, table, {batch[i]}).front();
        EXPECT_EQ(saved(*alone.model), saved(model)) << model.expression();
        EXPECT_EQ(alone.model->report().warnings, model.report().warnings);
        const Trained truth = train_on_rows(engine, table, batch[i]);
        const AffineMap* map = batch[i].features.get();
        expect_near(outputs(model, method, of, map), outputs(*truth.model, method, of, map),
                    tolerance, model.expression() + (of.apart ? " apart" : ""));
      }
    }
  }

  Index passes_of(const Table& table, const std::vector<Candidate>& batch) {
    const Index before = engine.counters().passes;
    train_all(engine, table, batch);
    return engine.counters().passes - before;
  }
};

TEST_F(FoldStatistics, Scalers) {
  const std::vector<Case> cases = {{}, {.weighted = true}, {.holes = true}, {.apart = true}};
  const StandardScaler standard, unscaled({.with_std = false});
  expect_models({&standard, &unscaled}, Method::transform, {nullptr}, cases);
  const MinMaxScaler range, clipped({.clip = true});
  expect_models({&range, &clipped}, Method::transform, {nullptr}, cases, 1e-15);
  const MaxAbsScaler max_abs;
  expect_models({&max_abs}, Method::transform, {nullptr}, cases, 1e-15);
}

TEST_F(FoldStatistics, Decompositions) {
  const std::vector<Case> cases = {{}, {.weighted = true}};
  const PCA two({.n_components = 2}), all({.whiten = true}), most({.n_components = 0.7});
  expect_models({&two, &all, &most}, Method::transform, maps(true), cases, 1e-9);
  const TruncatedSVD svd({.n_components = 2}), three({.n_components = 3});
  expect_models({&svd, &three}, Method::transform, maps(true), cases, 1e-9);
}

TEST_F(FoldStatistics, NaiveBayes) {
  const GaussianNB plain, smooth({.var_smoothing = 0.1});
  expect_models({&plain, &smooth}, Method::predict_proba, maps(true), {{}, {.weighted = true}});
  // Where classes lie far apart there is little doubt; the parameters tell more.
  const Table table = open_table(comm, {.weighted = true, .apart = true});
  for (const Candidate& c : candidates_of({&plain}, maps(false))) {
    const Tree a = saved(*train_all(engine, table, {c}).front().model);
    const Tree b = saved(*train_on_rows(engine, table, c).model);
    for (const char* name : {"theta_", "var_"}) {
      expect_near(matrix(a, name), matrix(b, name), 1e-9, name);
    }
  }
}

TEST_F(FoldStatistics, DiscreteNaiveBayes) {
  const BernoulliNB plain, above({.alpha = 0.1, .binarize = 1.0, .fit_prior = false});
  expect_models({&plain, &above}, Method::predict_proba, {nullptr}, {{}, {.weighted = true}});
}

TEST_F(FoldStatistics, OnePassServesAllFolds) {
  const Table table = open_table(comm, {});
  const StandardScaler standard;
  const MinMaxScaler range;
  const MaxAbsScaler max_abs;
  const PCA pca({.n_components = 2});
  const TruncatedSVD svd({.n_components = 2});
  const GaussianNB bayes, smooth({.var_smoothing = 0.1});
  const BernoulliNB above_0, above_1({.binarize = 1.0});
  for (const std::vector<const Estimator*>& estimators : {std::vector<const Estimator*>{&standard},
                                                          {&range},
                                                          {&max_abs},
                                                          {&pca},
                                                          {&svd},
                                                          {&bayes, &smooth},
                                                          {&above_0, &above_1}}) {
    EXPECT_EQ(passes_of(table, candidates_of(estimators, {nullptr})), 1)
        << estimators.front()->name();
  }
  EXPECT_EQ(passes_of(table, candidates_of({&pca}, maps(true))), 1);
  EXPECT_EQ(passes_of(table, candidates_of({&bayes}, maps(false))), 1);
}

// A transformer's map is what it does to a row.
TEST_F(FoldStatistics, AffineMapsAreTheTransforms) {
  const Table table = open_table(comm, {});
  const StandardScaler standard, centred({.with_std = false});
  const MinMaxScaler range({.feature_range = Value::tuple({-1, 2})}), clipped({.clip = true});
  const MaxAbsScaler max_abs;
  const PCA pca({.n_components = 2}), white({.n_components = 3, .whiten = true});
  const TruncatedSVD svd({.n_components = 2});
  for (const Estimator* e :
       std::vector<const Estimator*>{&standard, &centred, &range, &max_abs, &pca, &white, &svd}) {
    const ModelPtr model = fit_together(engine, table, {e}).front();
    const AffineMapPtr map = model->affine();
    ASSERT_NE(map, nullptr) << e->expression();
    Matrix mapped(1, map->columns_out()), transformed(1, model->width(Method::transform));
    for (Index i = 0; i < 100; ++i) {
      Vector x(columns);
      for (Index c = 0; c < columns; ++c) x[c] = value_at(i, c, {});
      map->apply(x.data(), 1, mapped.data());
      model->apply(Method::transform, {x.data(), 1, columns}, math::Panel(transformed));
      expect_near(mapped, transformed, 1e-13, e->expression());
    }
  }
  EXPECT_EQ(fit_together(engine, table, {&clipped}).front()->affine(), nullptr);
}

TEST_F(FoldStatistics, NaiveBayesInFrontOfAScaling) {
  const Table table = open_table(comm, {});
  const GaussianNB bayes;
  const AffineMapPtr map = maps(false)[1];
  const Trained t = train_all(engine, table, {{&bayes, nullptr, map}}).front();
  const auto raw = t.model->in_front_of(*map);
  ASSERT_NE(raw, nullptr);
  EXPECT_EQ(t.model->in_front_of(*maps(true)[2]), nullptr);
  expect_near(outputs(*raw, Method::predict_proba, {}, nullptr),
              outputs(*t.model, Method::predict_proba, {}, map.get()), 1e-12, "in front");
}

// More components than columns: that candidate fails, in the same pass.
TEST_F(FoldStatistics, ACandidateThatAsksTooMuchFailsAlone) {
  const Table table = open_table(comm, {});
  const PCA good({.n_components = 2}), greedy({.n_components = 9});
  const std::vector<Candidate> batch = candidates_of({&good, &greedy}, {nullptr});
  const Index before = engine.counters().passes;
  const std::vector<Trained> t = good.fit_batch(engine, table, batch);
  EXPECT_EQ(engine.counters().passes - before, 1);
  for (std::size_t i = 0; i < t.size(); ++i) {
    EXPECT_EQ(t[i].failure != nullptr, batch[i].estimator == &greedy);
  }
}

}  // namespace
}  // namespace superstep
