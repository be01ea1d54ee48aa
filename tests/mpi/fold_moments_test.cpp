// SPDX-License-Identifier: BSD-3-Clause
// Linear models of folds, and behind maps, from the moments of one pass: against the same models
// trained on the fold's rows alone, and their errors on held-out rows against the rows themselves.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/linear_model/elastic_net.hpp>
#include <superstep/learn/linear_model/lasso.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/learn/linear_model/linear_regression.hpp>
#include <superstep/learn/linear_model/ridge.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "mpi/batch.hpp"
#include "mpi/folds.hpp"

namespace superstep {
namespace {

constexpr Index rows = 5 * 4096 + 21;
constexpr Index columns = 5;

struct Row {
  double x[columns];
  double y;
  double weight;
};

/// Offsets and units apart, some weights zero; `dependent`: the last column is nearly the sum of
/// two others.
Row row_at(Index i, bool dependent) {
  RowRandom random(Philox(12, 2), static_cast<std::uint64_t>(i));
  Row row{};
  for (double& x : row.x) x = random.normal();
  row.x[0] = 20.0 + 3.0 * row.x[0];
  row.x[1] = 1e-3 * row.x[1] + 1e-4 * row.x[0];
  row.x[3] += static_cast<double>(i) / rows;  // the first rows are no sample of all
  if (dependent) row.x[4] = row.x[0] + row.x[2] + 1e-7 * row.x[4];
  row.y = row.x[0] + 2.0 * row.x[2] + 1e3 * row.x[1] - 0.5 * row.x[3] + random.normal() + 7.0;
  row.weight = i % 7 == 0 ? 0.0 : 0.5 + random.uniform();
  return row;
}

Table open_table(const Communicator& comm, bool dependent = false) {
  const char* path = dependent ? "fold_moments_dependent.h5" : "fold_moments.h5";
  on_root(comm, [&] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}}, weight{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      const Row row = row_at(i, dependent);
      x.values.insert(x.values.end(), row.x, row.x + columns);
      y.values.push_back(row.y);
      weight.values.push_back(row.weight);
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    tree.add("/weight", weight);
    write_tree(path, tree);
  });
  Table table;
  table.data = Dataset::open(comm, path);
  table.target = Target::numbers;
  return table;
}

const LinearModel& linear(const Trained& t) { return dynamic_cast<const LinearModel&>(*t.model); }

/// Scaling, and projections onto few and onto all dimensions, one of them nearly lost.
std::vector<AffineMapPtr> maps() {
  const Vector centre{{19.0, 0.002, 0.0, 0.5, 0.1}};
  Matrix W(columns, 3);
  W << 0.3, 0.1, -0.2, 10.0, 200.0, 5.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.3, 0.2, -0.7, 0.0;
  const Matrix all = Matrix::Identity(columns, columns) + 0.1 * Matrix::Ones(columns, columns);
  return {nullptr,
          std::make_shared<AffineMap>(AffineMap::diagonal(
              centre, Vector{{0.3, 1000.0, 1.0, 2.0, 1.0}}, Vector{{0.0, 0.0, 1.0, 0.0, 0.0}})),
          std::make_shared<AffineMap>(AffineMap::dense(centre, W, Vector{{0.0, 0.5, 0.0}})),
          std::make_shared<AffineMap>(AffineMap::dense(centre, all, Vector::Zero(columns)))};
}

/// Each estimator on all rows, on folds of dealt rows, of contiguous rows, and with rows left out;
/// as it is and behind maps.
std::vector<Candidate> candidates_of(const std::vector<const Estimator*>& estimators) {
  std::vector<SplitPtr> splits = {nullptr};
  for (const auto& folds : {dealt_folds(5, rows), dealt_folds(3, rows, 7000, true)}) {
    splits.insert(splits.end(), folds.begin(), folds.end());
  }
  std::vector<Candidate> batch;
  for (const SplitPtr& split : splits) {
    for (const AffineMapPtr& map : maps()) {
      for (const Estimator* e : estimators) batch.push_back({e, split, map});
    }
  }
  return batch;
}

void expect_near(const Trained& ours, const Trained& truth, double tolerance, const Candidate& c) {
  const Vector& a = linear(ours).coef();
  const Vector& b = linear(truth).coef();
  ASSERT_EQ(a.size(), b.size());
  EXPECT_LE((a - b).cwiseAbs().maxCoeff(), tolerance * b.cwiseAbs().maxCoeff())
      << c.estimator->expression() << " " << a.transpose() << " | " << b.transpose();
  EXPECT_NEAR(linear(ours).intercept(), linear(truth).intercept(),
              tolerance * (10.0 + b.cwiseAbs().maxCoeff()));
}

class FoldMoments : public testing::Test {
 protected:
  const Communicator comm = Communicator::world();
  Engine engine{comm, {}};

  void expect_models(const std::vector<const Estimator*>& estimators, double tolerance) {
    const Table table = open_table(comm);
    const std::vector<Candidate> batch = candidates_of(estimators);
    const std::vector<Trained> together = train_all(engine, table, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Trained alone = train_all(engine, table, {batch[i]}).front();
      EXPECT_EQ(linear(alone).coef(), linear(together[i]).coef()) << alone.model->expression();
      EXPECT_EQ(linear(alone).intercept(), linear(together[i]).intercept());
      EXPECT_EQ(alone.told, together[i].told);
      if (alone.told != 0) {
        EXPECT_EQ(alone.held_out->squared_error, together[i].held_out->squared_error);
      }
      expect_near(together[i], train_on_rows(engine, table, batch[i]), tolerance, batch[i]);
    }
  }
};

TEST_F(FoldMoments, LeastSquaresOfAFoldIsThatOfItsRows) {
  const LinearRegression plain, without({.fit_intercept = false}), positive({.positive = true});
  expect_models({&plain, &without, &positive}, 1e-9);
  const Ridge a({.alpha = 1.0}), b({.alpha = 1e3, .fit_intercept = false}),
      c({.alpha = 10.0, .positive = true});
  expect_models({&a, &b, &c}, 1e-9);
}

TEST_F(FoldMoments, PenalisedModelsOfAFoldAreThoseOfItsRows) {
  const Lasso a({.alpha = 0.1}), b({.alpha = 0.01, .fit_intercept = false});
  expect_models({&a, &b}, 1e-8);
  const ElasticNet c({.alpha = 0.1, .l1_ratio = 0.3}), d({.positive = true});
  expect_models({&c, &d}, 1e-8);
}

// What the moments of a fold do not resolve takes further passes over the fold's rows, and no bits
// from its mates.
TEST_F(FoldMoments, IllConditionedFoldsAreRefinedAsIfAlone) {
  const Table table = open_table(comm, true);
  const LinearRegression plain;
  const Ridge weak({.alpha = 1e-9}), strong({.alpha = 10.0});
  Index refined = 0, all = 0;
  for (const std::vector<const Estimator*>& estimators :
       {std::vector<const Estimator*>{&plain}, {&weak, &strong}}) {
    std::vector<Candidate> batch;
    for (const SplitPtr& split : dealt_folds(3, rows)) {
      for (const AffineMapPtr& map : maps()) {
        for (const Estimator* e : estimators) batch.push_back({e, split, map});
      }
    }
    const std::vector<Trained> together = train_all(engine, table, batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Trained alone = train_all(engine, table, {batch[i]}).front();
      EXPECT_EQ(linear(alone).coef(), linear(together[i]).coef());
      EXPECT_EQ(alone.model->report().warnings, together[i].model->report().warnings);
      const Trained truth = train_on_rows(engine, table, batch[i]);
      EXPECT_EQ(truth.model->report().warnings.size(), alone.model->report().warnings.size());
      refined += truth.model->report().warnings.empty() ? 0 : 1;
      expect_near(together[i], truth, 1e-6, batch[i]);
    }
    all += std::ssize(batch);
  }
  EXPECT_GT(refined, 0);
  EXPECT_LT(refined, all);
}

TEST_F(FoldMoments, OnePassServesAllCandidatesAndFolds) {
  const Table table = open_table(comm);
  const auto passes_of = [&](const std::vector<Candidate>& batch) {
    const Index before = engine.counters().passes;
    train_all(engine, table, batch);
    return engine.counters().passes - before;
  };
  std::vector<Ridge> ridges;
  std::vector<Lasso> lassos;
  for (int i = 0; i < 20; ++i) {
    ridges.emplace_back(RidgeParams{.alpha = 1.0 + i});
    lassos.emplace_back(LassoParams{.alpha = 0.01 * (1.0 + i)});
  }
  std::vector<Candidate> ridge_batch, lasso_batch, mapped;
  for (const SplitPtr& split : dealt_folds(5, rows)) {
    for (std::size_t i = 0; i < ridges.size(); ++i) {
      ridge_batch.push_back({&ridges[i], split});
      lasso_batch.push_back({&lassos[i], split});
    }
    for (const AffineMapPtr& map : maps()) mapped.push_back({&ridges[0], split, map});
  }
  EXPECT_EQ(passes_of(ridge_batch), 1);
  EXPECT_EQ(passes_of(lasso_batch), 1);
  EXPECT_EQ(passes_of(mapped), 1);
}

/// The squared errors on the rows that a split tests on, row by row in extended precision.
MetricStatistics plain_errors(const Candidate& c, const LinearModel& model) {
  std::vector<std::pair<Row, long double>> tested;
  long double weight = 0, target = 0;
  for (Index i = 0; i < rows; ++i) {
    const auto& partition = dynamic_cast<const DealtRows&>(*c.split->partition);
    const Row row = row_at(i, false);
    if (c.split->role_of(partition.cell_of(i)) != Role::test || row.weight == 0.0) continue;
    Vector seen = Eigen::Map<const Vector>(row.x, columns);
    if (c.features) {
      Vector mapped(c.features->columns_out());
      c.features->apply(row.x, 1, mapped.data());
      seen = mapped;
    }
    long double prediction = model.intercept();
    for (Index k = 0; k < seen.size(); ++k) {
      prediction += static_cast<long double>(seen[k]) * model.coef()[k];
    }
    tested.emplace_back(row, row.y - prediction);
    weight += row.weight;
    target += static_cast<long double>(row.weight) * row.y;
  }
  long double error = 0, squared = 0, square = 0;
  for (const auto& [row, e] : tested) {
    error += row.weight * e;
    squared += row.weight * e * e;
    square += row.weight * (row.y - target / weight) * (row.y - target / weight);
  }
  MetricStatistics s;
  s.rows = static_cast<double>(tested.size());
  s.weight = static_cast<double>(weight);
  s.error = static_cast<double>(error);
  s.squared_error = static_cast<double>(squared);
  s.target_square = static_cast<double>(square);
  return s;
}

TEST_F(FoldMoments, HeldOutErrorsAreThoseOfTheRows) {
  const Table table = open_table(comm);
  const Ridge a({.alpha = 1.0}), b({.alpha = 1e4, .fit_intercept = false});
  for (const Candidate& c : candidates_of({&a, &b})) {
    const Trained t = train_all(engine, table, {c}).front();
    if (!c.split) {
      EXPECT_EQ(t.told, 0U);
      continue;
    }
    ASSERT_EQ(t.told, static_cast<unsigned>(Statistic::squared_errors));
    const MetricStatistics& ours = *t.held_out;
    const MetricStatistics plain = plain_errors(c, linear(t));
    EXPECT_EQ(ours.rows, plain.rows);
    EXPECT_NEAR(ours.weight, plain.weight, 1e-12 * plain.weight);
    EXPECT_NEAR(ours.squared_error, plain.squared_error, 1e-9 * plain.squared_error);
    EXPECT_NEAR(ours.target_square, plain.target_square, 1e-11 * plain.target_square);
    EXPECT_NEAR(ours.error, plain.error, 1e-9 * std::sqrt(plain.weight * plain.squared_error));
  }
}

// A perfect prediction leaves nothing but rounding of the moments: the rows have to be looked at.
TEST_F(FoldMoments, WhatCancelsIsNotTold) {
  on_root(comm, [] {
    TreeArray<double> x{{rows, 2}, {}}, y{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      RowRandom random(Philox(13, 2), static_cast<std::uint64_t>(i));
      const double u = random.normal(), v = random.normal();
      x.values.insert(x.values.end(), {u, v});
      y.values.push_back(3.0 * u - v + 1e-6 * random.normal());
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    write_tree("fold_moments_exact.h5", tree);
  });
  Table table;
  table.data = Dataset::open(comm, "fold_moments_exact.h5");
  table.target = Target::numbers;
  const LinearRegression exact;
  const Ridge shrunken({.alpha = 1e4});
  const SplitPtr split = dealt_folds(5, rows).front();
  const std::vector<Trained> t = train_all(engine, table, {{&exact, split}});
  EXPECT_EQ(t[0].told, 0U);
  EXPECT_NE(train_all(engine, table, {{&shrunken, split}})[0].told, 0U);
}

// A fold without training rows of any weight fails alone.
TEST_F(FoldMoments, AFoldWithoutRowsFailsAlone) {
  const Table table = open_table(comm);
  const Ridge ridge;
  auto empty = std::make_shared<Split>();
  empty->partition = std::make_shared<DealtRows>(7, 1);  // every seventh row weighs nothing
  empty->roles.assign(7, Role::test);
  empty->roles[0] = Role::train;
  empty->train_rows = (rows + 6) / 7;
  empty->test_rows = rows - empty->train_rows;
  const SplitPtr good = dealt_folds(5, rows).front();
  const std::vector<Candidate> batch = {{&ridge, good}, {&ridge, empty}};
  const std::vector<Trained> t = ridge.fit_batch(engine, table, batch);
  EXPECT_EQ(t[0].failure, nullptr);
  ASSERT_NE(t[1].failure, nullptr);
  EXPECT_EQ(t[1].failure->exit_code(), ExitCode::bad_data);
  EXPECT_EQ(linear(t[0]).coef(), linear(train_all(engine, table, {batch[0]})[0]).coef());
}

}  // namespace
}  // namespace superstep
