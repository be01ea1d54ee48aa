// SPDX-License-Identifier: BSD-3-Clause
// Moments against plain sums, and models of a batch against the same models alone, on any number of
// ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/gram.hpp>
#include <superstep/learn/linear_model/elastic_net.hpp>
#include <superstep/learn/linear_model/lasso.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/learn/linear_model/linear_regression.hpp>
#include <superstep/learn/linear_model/ridge.hpp>

#include "mpi/batch.hpp"

namespace superstep {
namespace {

constexpr Index rows = 5 * 4096 + 21;
constexpr Index columns = 4;

struct Row {
  double x[columns];
  double y;
  double weight;
};

/// Offsets and units far apart; the last column nearly the sum of two others; some weights are
/// zero.
Row row_at(Index i) {
  RowRandom random(Philox(11, 2), static_cast<std::uint64_t>(i));
  Row row{};
  row.x[0] = 1e5 + random.normal();
  row.x[1] = 1e-4 * random.normal();
  row.x[2] = random.normal() - 3.0;
  row.x[3] = row.x[0] + row.x[2] + 1e-5 * random.normal();
  row.y = row.x[0] + row.x[2] + 1e3 * row.x[1] + random.normal();
  row.weight = i % 7 == 0 ? 0.0 : 0.5 + random.uniform();
  return row;
}

Table open_table(const Communicator& comm) {
  on_root(comm, [] {
    TreeArray<double> x{{rows, columns}, {}}, y{{rows}, {}}, weight{{rows}, {}};
    for (Index i = 0; i < rows; ++i) {
      const Row row = row_at(i);
      x.values.insert(x.values.end(), row.x, row.x + columns);
      y.values.push_back(row.y);
      weight.values.push_back(row.weight);
    }
    Tree tree;
    tree.add("/X", x);
    tree.add("/y", y);
    tree.add("/weight", weight);
    write_tree("linear_models.h5", tree);
  });
  Table table;
  table.data = Dataset::open(comm, "linear_models.h5");
  table.target = Target::numbers;
  return table;
}

using Real = long double;
using RealMatrix = Eigen::Matrix<Real, columns + 1, columns + 1>;
using RealVector = Eigen::Matrix<Real, columns + 1, 1>;

/// Of [x | y], in two passes of extended precision.
struct PlainMoments {
  Real weight = 0;
  RealVector mean = RealVector::Zero();
  RealMatrix products = RealMatrix::Zero();

  explicit PlainMoments(bool centred) {
    const auto each = [](auto&& use) {
      for (Index i = 0; i < rows; ++i) {
        const Row row = row_at(i);
        RealVector v;
        for (Index c = 0; c < columns; ++c) v[c] = row.x[c];
        v[columns] = row.y;
        use(v, static_cast<Real>(row.weight));
      }
    };
    each([&](const RealVector& v, Real w) {
      weight += w;
      if (centred) mean += w * v;
    });
    mean /= weight;
    each([&](const RealVector& v, Real w) { products += w * (v - mean) * (v - mean).transpose(); });
  }
};

TEST(Moments, EqualPlainSumsWithinTheNoiseTheyState) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const Table table = open_table(comm);
  for (const bool centred : {true, false}) {
    const PlainMoments plain(centred);
    const Moments m = moments(engine, table, {.centred = centred});
    EXPECT_EQ(m.rows, rows - (rows + 6) / 7);
    EXPECT_NEAR(m.weight, static_cast<double>(plain.weight), 1e-14 * m.weight);
    EXPECT_LT(m.noise, 1e-12);
    for (Index i = 0; i <= columns; ++i) {
      const Real mean = i < columns ? m.mean[i] : m.y_mean[0];
      EXPECT_LE(std::fabs(mean - plain.mean[i]), 1e-15L * (1 + std::fabs(plain.mean[i]))) << i;
      for (Index j = 0; j <= i; ++j) {
        const Real ours = i < columns ? m.gram(i, j) : (j < columns ? m.xy(j, 0) : m.yy[0]);
        const Real scale = std::sqrt(plain.products(i, i) * plain.products(j, j));
        EXPECT_LE(std::fabs(ours - plain.products(i, j)), m.noise * scale) << i << " " << j;
      }
    }
  }
}

template <class E, class P>
void expect_same_alone(Engine& engine, const Table& table, const std::vector<P>& candidates) {
  std::vector<E> estimators(candidates.begin(), candidates.end());
  std::vector<const Estimator*> batch;
  for (const E& e : estimators) batch.push_back(&e);
  const std::vector<ModelPtr> together = fit_together(engine, table, batch);
  ASSERT_EQ(together.size(), candidates.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const ModelPtr alone = fit_together(engine, table, {batch[i]}).front();
    const auto& a = dynamic_cast<const LinearModel&>(*alone);
    const auto& b = dynamic_cast<const LinearModel&>(*together[i]);
    EXPECT_EQ(a.coef(), b.coef()) << alone->expression();
    EXPECT_EQ(a.intercept(), b.intercept()) << alone->expression();
    EXPECT_EQ(a.expression(), b.expression());
    EXPECT_EQ(a.report().warnings, b.report().warnings);
    EXPECT_TRUE(a.report().converged) << alone->expression();
  }
}

TEST(LinearModels, AModelOfABatchHasTheBitsOfTheModelAlone) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const Table table = open_table(comm);
  expect_same_alone<Ridge, RidgeParams>(engine, table,
                                        {{.alpha = 1.0},
                                         {.alpha = 1e-9},
                                         {.alpha = 1e3, .fit_intercept = false},
                                         {.alpha = 1e-9, .fit_intercept = false},
                                         {.alpha = 10.0, .positive = true}});
  expect_same_alone<LinearRegression, LinearRegressionParams>(engine, table,
                                                              {{}, {.fit_intercept = false}, {}});
  expect_same_alone<Lasso, LassoParams>(
      engine, table, {{.alpha = 1e-1}, {.alpha = 1e-2}, {.alpha = 1.0, .fit_intercept = false}});
  expect_same_alone<ElasticNet, ElasticNetParams>(
      engine, table, {{.alpha = 1e-1, .l1_ratio = 0.2}, {.alpha = 1e-1}, {.positive = true}});
}

TEST(LinearModels, ABatchSharesItsPasses) {
  const Communicator comm = Communicator::world();
  Engine engine(comm, {});
  const Table table = open_table(comm);
  std::vector<Ridge> ridges;
  for (int i = 0; i < 20; ++i) ridges.emplace_back(RidgeParams{.alpha = 1.0 + i});
  std::vector<const Estimator*> batch;
  for (const Ridge& r : ridges) batch.push_back(&r);
  fit_together(engine, table, batch);
  EXPECT_EQ(engine.counters().passes, 1);
}

}  // namespace
}  // namespace superstep
