// SPDX-License-Identifier: BSD-3-Clause
// The equations of ridge regression, of one target or several: (gram + alpha I) b = xy.
#pragma once

#include <string>

#include <superstep/core/params.hpp>

#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

struct RidgeEquations {
  double alpha = 1.0;
  bool positive = false;      ///< no coefficient below zero: by coordinate descent
  Index most_sweeps = 10000;  ///< over them
  double tol = 1e-4;          ///< likewise

  MomentFit solve(const Moments& m) const;
  /// Where the moments do not resolve them; without `positive`.
  MomentFit refine(const Moments& m, const Spectrum& spectrum) const;
};

// What the parameters of Ridge and RidgeClassifier have in common.

template <class P>
RidgeEquations equations_of(const P& p) {
  return {p.alpha, p.positive, p.max_iter.value_or(10000), p.tol};
}
template <class P>
ParamTable<P> with_alpha_and_intercept(ParamTable<P> table) {
  return std::move(table)
      .add("alpha", &P::alpha, at_least(0.0), "strength of the penalty")
      .add("fit_intercept", &P::fit_intercept, anything(),
           "whether a constant is fitted, without penalty")
      .refuse("copy_X", {true, false}, "the data are never changed")
      .add("max_iter", &P::max_iter, at_least(1),
           "most sweeps over the coefficients with positive=True; else the solution is direct")
      .add("tol", &P::tol, at_least(0.0),
           "of positive=True, where the optimum is not found exactly; else the solution is direct");
}
template <class P>
ParamTable<P> with_solver(ParamTable<P> table) {
  return std::move(table)
      .add("solver", &P::solver,
           one_of({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}),
           "each of them names the exact solution here; 'lbfgs' goes with positive=True")
      .add("positive", &P::positive, anything(), "coefficients may not be negative")
      .add("random_state", &P::random_state, anything(),
           "without effect: scikit-learn needs it for 'sag' and 'saga' only")
      .positional(1);
}
/// UsageError where solver and positive do not go together.
void check_solver(const std::string& estimator, const std::string& solver, bool positive);
/// A sentence for a fit that did not converge.
std::string said_of_sweeps(const std::string& estimator, const MomentFit& fit);

}  // namespace superstep
