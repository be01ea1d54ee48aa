// SPDX-License-Identifier: BSD-3-Clause
// Convex functions whose minimum is known, with curvature that is exact, wrong, or given once.
#include <superstep/math/solvers/quasi_newton.hpp>

#include <Eigen/Cholesky>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

namespace superstep::math {
namespace {

/// Entries that look drawn, the same everywhere.
Matrix mixed(Index rows, Index columns) {
  Matrix m(rows, columns);
  for (Index i = 0; i < m.size(); ++i) {
    m.data()[i] = std::sin(static_cast<double>(i * i % 97 + 3 * i));
  }
  return m;
}

/// f(t) = 1/2 (t - c)' A (t - c), A positive definite with a condition number near 1e4.
struct Quadratic {
  Matrix A;
  Vector c;

  explicit Quadratic(Index n) : A(n, n), c(Vector::LinSpaced(n, -2.0, 3.0)) {
    const Matrix m = mixed(n, n);
    const Vector scale =
        Vector::LinSpaced(n, 0.0, 2.0).unaryExpr([](double e) { return std::pow(10.0, e); });
    A = scale.asDiagonal() *
        (m * m.transpose() / static_cast<double>(n) + Matrix(Vector::Ones(n).asDiagonal())) *
        scale.asDiagonal();
  }
  Evaluation at(const Vector& t, bool curvature) const {
    const Vector step = t - c;
    Evaluation e{0.5 * step.dot(A * step), A * step};
    if (curvature) e.curvature = Curvature::blocks(A, 1);
    return e;
  }
};

/// f(t) = sum_i log(cosh(a_i t - b_i)) with more rows a_i than columns: smooth, not quadratic;
/// b = A x + noise that the gradient at x does not feel, so the minimum is x.
struct LogCosh {
  Matrix A;
  Vector b;
  explicit LogCosh(const Vector& minimum) : A(mixed(40, minimum.size())), b(40) {
    // Residuals tanh(r) orthogonal to the columns of A.
    const Vector wanted = mixed(40, 1).col(0);
    const Vector projected = wanted - A * (A.transpose() * A).ldlt().solve(A.transpose() * wanted);
    const Vector residual =
        (0.5 * projected / projected.cwiseAbs().maxCoeff()).unaryExpr([](double v) {
          return std::atanh(v);
        });
    b = A * minimum - residual;
  }
  Evaluation at(const Vector& t, bool curvature) const {
    const Vector r = A * t - b;
    Evaluation e;
    e.value = r.unaryExpr([](double v) { return std::log(std::cosh(v)); }).sum();
    e.gradient = A.transpose() * r.unaryExpr([](double v) { return std::tanh(v); });
    if (curvature) {
      const Vector second = r.unaryExpr([](double v) { return 1.0 - std::tanh(v) * std::tanh(v); });
      e.curvature = Curvature::blocks(A.transpose() * second.asDiagonal() * A, 1);
    }
    return e;
  }
};

QuasiNewton::Options options(Index n, double tolerance, double l1 = 0.0) {
  QuasiNewton::Options o;
  o.l1 = Vector::Constant(n, l1);
  o.tolerance = Vector::Constant(n, tolerance);
  return o;
}

/// Lets the solver run; no more than `most` evaluations.
template <class F>
QuasiNewton minimise(const F& f, QuasiNewton::Options o, const Vector& start, int most = 500) {
  QuasiNewton solver(std::move(o), start, f.at(start, true));
  for (int i = 0; i < most && !solver.is_done(); ++i) {
    solver.tell(f.at(solver.trial(), solver.wants_curvature()));
  }
  return solver;
}

TEST(QuasiNewton, OneStepSolvesAQuadratic) {
  const Quadratic f(12);
  const QuasiNewton solver = minimise(f, options(12, 1e-8), Vector::Zero(12));
  EXPECT_EQ(solver.state(), Stop::converged);
  EXPECT_LE(solver.iterations(), 2);
  EXPECT_LT((solver.point() - f.c).norm(), 1e-9 * f.c.norm());
  EXPECT_LE(solver.largest_gradient(), 1e-8);
}

TEST(QuasiNewton, ASmoothConvexFunctionFromAfar) {
  const Vector minimum = Vector::LinSpaced(6, -1.0, 2.0);
  const LogCosh f(minimum);
  for (const double distance : {0.0, 1.0, 30.0}) {
    const QuasiNewton solver =
        minimise(f, options(6, 1e-9), minimum + Vector::Constant(6, distance));
    EXPECT_EQ(solver.state(), Stop::converged) << distance;
    EXPECT_LT((solver.point() - minimum).norm(), 1e-7) << distance;
    EXPECT_NEAR(solver.objective(), f.at(minimum, false).value, 1e-12) << distance;
  }
}

/// The same function with curvature of its own making.
template <class F>
struct WithCurvature {
  const F& f;
  std::function<Curvature(const Vector&)> curvature;
  Evaluation at(const Vector& t, bool wanted) const {
    Evaluation e = f.at(t, false);
    if (wanted) e.curvature = curvature(t);
    return e;
  }
};

TEST(QuasiNewton, CurvatureMayBeWrongOrGivenOnce) {
  const Vector minimum = Vector::LinSpaced(6, -1.0, 2.0);
  const LogCosh f(minimum);
  const auto expect_minimum = [&](double value, bool on_demand) {
    const WithCurvature<LogCosh> wrong{
        f, [&](const Vector&) { return Curvature::diagonal(Vector::Constant(6, value)); }};
    QuasiNewton::Options o = options(6, 1e-8);
    o.curvature_on_demand = on_demand;
    const QuasiNewton solver = minimise(wrong, o, Vector::Zero(6));
    EXPECT_EQ(solver.state(), Stop::converged) << value;
    EXPECT_LT((solver.point() - minimum).norm(), 1e-6) << value;
  };
  for (const double value : {5.0, 20.0, 40.0}) expect_minimum(value, true);
  // Given once it is rescaled, so any size will do.
  for (const double value : {1e-3, 20.0, 1e6}) expect_minimum(value, false);
}

/// Of 1/2 |t - c|^2 with different curvatures: the soft threshold, entry by entry.
struct Separable {
  Vector c, curvature;
  Evaluation at(const Vector& t, bool wanted) const {
    Evaluation e{0.5 * (t - c).cwiseAbs2().dot(curvature), curvature.cwiseProduct(t - c)};
    if (wanted) e.curvature = Curvature::diagonal(curvature);
    return e;
  }
};

TEST(QuasiNewton, ThePenaltyMakesExactZeros) {
  const Separable f{Vector::LinSpaced(9, -2.0, 2.0), Vector::LinSpaced(9, 1.0, 3.0)};
  constexpr double l1 = 1.5;
  QuasiNewton::Options o = options(9, 1e-10, l1);
  o.l1[8] = 0.0;  // an intercept
  const QuasiNewton solver = minimise(f, o, Vector::Constant(9, 5.0));
  EXPECT_EQ(solver.state(), Stop::converged);
  Index zeros = 0;
  for (Index j = 0; j < 9; ++j) {
    const double threshold = (j == 8 ? 0.0 : l1) / f.curvature[j];
    const double expected =
        std::fabs(f.c[j]) <= threshold ? 0.0 : f.c[j] - std::copysign(threshold, f.c[j]);
    EXPECT_NEAR(solver.point()[j], expected, 1e-9) << j;
    if (expected == 0.0) {
      ++zeros;
      EXPECT_EQ(solver.point()[j], 0.0) << j;
    }
  }
  EXPECT_GE(zeros, 3);
}

// At the minimum the least subgradient is zero: that is the whole of optimality.
TEST(QuasiNewton, ThePenaltyBesideCorrelatedColumns) {
  const Quadratic f(12);
  for (const double l1 : {1.0, 100.0, 1e4}) {
    const QuasiNewton solver = minimise(f, options(12, 1e-7, l1), Vector::Zero(12));
    EXPECT_EQ(solver.state(), Stop::converged) << l1;
    const Vector g = f.at(solver.point(), false).gradient;
    Index zeros = 0;
    for (Index j = 0; j < 12; ++j) {
      const double t = solver.point()[j];
      zeros += t == 0.0 ? 1 : 0;
      const double excess =
          t == 0.0 ? std::max(0.0, std::fabs(g[j]) - l1) : std::fabs(g[j] + std::copysign(l1, t));
      EXPECT_LE(excess, 1e-7) << l1 << " " << j;
    }
    EXPECT_EQ(zeros > 0, l1 >= 100.0) << l1;
    EXPECT_NEAR(solver.objective(),
                f.at(solver.point(), false).value + l1 * solver.point().cwiseAbs().sum(),
                1e-12 * solver.objective());
  }
}

TEST(QuasiNewton, EndsWithoutConvergingWhenItsStepsAreUsedUp) {
  const LogCosh f(Vector::LinSpaced(6, -1.0, 2.0));
  QuasiNewton::Options o = options(6, 1e-9);
  for (const Index most : {0, 1, 2}) {
    o.max_iter = most;
    const QuasiNewton solver = minimise(f, o, Vector::Constant(6, 30.0));
    EXPECT_EQ(solver.state(), Stop::iterations);
    EXPECT_EQ(solver.iterations(), most);
    EXPECT_GT(solver.largest_gradient(), 1e-9);
  }
}

/// A slope that the values deny: what rounding, or a mistake in a gradient, looks like.
struct Contradiction {
  Evaluation at(const Vector& t, bool wanted) const {
    Evaluation e{1.0 + std::fabs(t[0]), Vector::Ones(1)};
    if (wanted) e.curvature = Curvature::diagonal(Vector::Ones(1));
    return e;
  }
};

TEST(QuasiNewton, StallsWhereThereIsNoWayDown) {
  const QuasiNewton solver = minimise(Contradiction(), options(1, 1e-9), Vector::Zero(1));
  EXPECT_EQ(solver.state(), Stop::stalled);
  EXPECT_EQ(solver.point()[0], 0.0);
}

/// Defined for t < 1 only.
struct Barrier {
  Evaluation at(const Vector& t, bool wanted) const {
    if (!(t[0] < 1.0)) return {};
    Evaluation e{-4.0 * t[0] - std::log(1.0 - t[0]), Vector::Constant(1, 1.0 / (1.0 - t[0]) - 4.0)};
    if (wanted) e.curvature = Curvature::diagonal(Vector::Constant(1, std::pow(1.0 - t[0], -2)));
    return e;
  }
};

TEST(QuasiNewton, StepsBackFromPointsOutOfReach) {
  const QuasiNewton solver = minimise(Barrier(), options(1, 1e-10), Vector::Constant(1, -9.0));
  EXPECT_EQ(solver.state(), Stop::converged);
  EXPECT_NEAR(solver.point()[0], 0.75, 1e-10);
}

TEST(QuasiNewton, TheTestMayBeMadeInOtherCoordinates) {
  const Quadratic f(4);
  QuasiNewton::Options o = options(4, 1e-6);
  o.tested_gradient = [](const Vector& g) { return Vector(1e6 * g); };
  const QuasiNewton solver = minimise(f, o, Vector::Zero(4));
  EXPECT_EQ(solver.state(), Stop::converged);
  EXPECT_LE(f.at(solver.point(), false).gradient.cwiseAbs().maxCoeff(), 1e-12);
}

}  // namespace
}  // namespace superstep::math
