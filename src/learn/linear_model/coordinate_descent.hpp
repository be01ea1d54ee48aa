// SPDX-License-Identifier: BSD-3-Clause
// Quadratic problems with an L1 penalty or a bound at zero, solved from second moments alone:
// Lasso, elastic net, least squares with coefficients that may not be negative.
#pragma once

#include <superstep/math/matrix.hpp>

namespace superstep {

/// minimise  f(b) = |y|^2 / 2 - q'b + b'Gb / 2 + l1 |b|_1 + l2 |b|^2 / 2,  b >= 0 if positive.
struct PenalisedQuadratic {
  Matrix G;
  Vector q;
  double yy = 0.0;
  double l1 = 0.0;
  double l2 = 0.0;
  bool positive = false;
};

struct Descent {
  Vector coef;
  double gap = 0.0;  ///< f(coef) is at most this much above the minimum; infinite where l1 = l2 = 0
  Index n_iter = 0;  ///< sweeps
  bool converged = false;
};

/// Cyclic coordinate descent with the covariance update (Friedman, Hastie and Tibshirani 2010).
/// When a sweep leaves all signs as they were, the problem is solved exactly for these signs
/// (Lawson and Hanson's inner loop), so it ends at the optimum itself when the signs are right. It
/// has converged when gap <= tol |y|^2, scikit-learn's criterion, and goes on for as many sweeps
/// again to end at the optimum if it can. 2 columns (columns + nonzero) flops a sweep.
Descent coordinate_descent(const PenalisedQuadratic& problem, double tol, Index max_iter);

}  // namespace superstep
