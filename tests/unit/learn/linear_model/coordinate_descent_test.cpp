// SPDX-License-Identifier: BSD-3-Clause
// Coordinate descent: the gap is a bound, ends are optima, dependent columns do not stop it.
#include "learn/linear_model/coordinate_descent.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include <superstep/core/philox.hpp>

namespace superstep {
namespace {

double f(const PenalisedQuadratic& p, const Vector& b) {
  return 0.5 * p.yy - p.q.dot(b) + 0.5 * b.dot(p.G * b) + p.l1 * b.lpNorm<1>() +
         0.5 * p.l2 * b.squaredNorm();
}

/// Correlated columns, the last of them the sum of the first two if asked for.
PenalisedQuadratic problem(Index rows, Index columns, bool dependent = false) {
  Matrix X(rows, columns);
  Vector y(rows);
  RowRandom random(Philox(3, 1), 0);
  for (Index i = 0; i < rows; ++i) {
    const double common = random.normal();
    for (Index j = 0; j < columns; ++j) X(i, j) = random.normal() + 2.0 * common;
    if (dependent) X(i, columns - 1) = X(i, 0) + X(i, 1);
    y[i] = 3.0 * X(i, 0) - 2.0 * X(i, 1) + 0.5 * X(i, 2) + random.normal();
  }
  PenalisedQuadratic p;
  p.G = X.transpose() * X / static_cast<double>(rows);
  p.q = X.transpose() * y / static_cast<double>(rows);
  p.yy = y.squaredNorm() / static_cast<double>(rows);
  return p;
}

/// The conditions of Karush, Kuhn and Tucker.
void expect_optimal(const PenalisedQuadratic& p, const Vector& b, double tolerance) {
  const Vector force = p.q - p.G * b - p.l2 * b;
  for (Index j = 0; j < b.size(); ++j) {
    if (b[j] != 0.0) {
      EXPECT_NEAR(force[j], std::copysign(p.l1, b[j]), tolerance) << j;
    } else if (p.positive) {
      EXPECT_LE(force[j], p.l1 + tolerance) << j;
    } else {
      EXPECT_LE(std::fabs(force[j]), p.l1 + tolerance) << j;
    }
    if (p.positive) {
      EXPECT_GE(b[j], 0.0) << j;
    }
  }
}

struct Penalty {
  double l1, l2;
  bool positive;
};
constexpr Penalty penalties[] = {{0.3, 0.0, false}, {0.3, 0.2, false}, {0.0, 0.2, false},
                                 {0.3, 0.0, true},  {0.1, 0.1, true},  {0.0, 0.1, true}};

TEST(CoordinateDescent, EndsAtTheOptimum) {
  for (const auto& [l1, l2, positive] : penalties) {
    PenalisedQuadratic p = problem(100, 8);
    p.l1 = l1;
    p.l2 = l2;
    p.positive = positive;
    const Descent found = coordinate_descent(p, 1e-4, 1000);
    EXPECT_TRUE(found.converged);
    EXPECT_LT(found.gap, 1e-12 * p.yy);
    expect_optimal(p, found.coef, 1e-12);
  }
}

TEST(CoordinateDescent, TheGapBoundsTheDistanceFromTheMinimum) {
  for (const auto& [l1, l2, positive] : penalties) {
    PenalisedQuadratic p = problem(40, 20);
    p.l1 = 0.1 * l1;
    p.l2 = 0.1 * l2;
    p.positive = positive;
    const double minimum = f(p, coordinate_descent(p, 1e-4, 10000).coef);
    for (Index sweeps = 1; sweeps < 8; ++sweeps) {
      const Descent early = coordinate_descent(p, 0.0, sweeps);
      EXPECT_LE(f(p, early.coef) - minimum, early.gap + 1e-12 * p.yy) << sweeps;
      EXPECT_TRUE(std::isfinite(early.gap));
    }
  }
}

TEST(CoordinateDescent, NonNegativeLeastSquares) {
  PenalisedQuadratic p = problem(100, 8);
  p.positive = true;
  const Descent found = coordinate_descent(p, 0.0, 1000);
  EXPECT_TRUE(found.converged);
  EXPECT_GT((found.coef.array() == 0.0).count(), 0);
  expect_optimal(p, found.coef, 1e-12);
}

TEST(CoordinateDescent, DependentColumnsAndMoreColumnsThanRows) {
  for (PenalisedQuadratic p : {problem(100, 8, true), problem(10, 30)}) {
    for (const double l1 : {1e-1, 1e-3}) {
      p.l1 = l1;
      const Descent found = coordinate_descent(p, 1e-10, 10000);
      EXPECT_TRUE(found.converged);
      EXPECT_LE(found.gap, 1e-10 * p.yy);
      expect_optimal(p, found.coef, 1e-5 * std::sqrt(p.yy));
    }
  }
}

TEST(CoordinateDescent, SaysWhenItHasNotConverged) {
  PenalisedQuadratic p = problem(100, 8);
  p.l1 = 1e-3;
  const Descent found = coordinate_descent(p, 1e-10, 1);
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.n_iter, 1);
  EXPECT_GT(found.gap, 1e-10 * p.yy);
}

TEST(CoordinateDescent, NothingToExplain) {
  PenalisedQuadratic p;
  p.G = Matrix::Zero(3, 3);
  p.q = Vector::Zero(3);
  p.l1 = 1.0;
  const Descent found = coordinate_descent(p, 1e-4, 10);
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.coef, Vector::Zero(3));
}

}  // namespace
}  // namespace superstep
