// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

const ParamTable<RidgeParams>& Ridge::param_table() {
  static const auto table =
      ParamTable<RidgeParams>("Ridge", "Least squares with a penalty on coef^2.")
          .add("alpha", &RidgeParams::alpha, at_least(0.0), "strength of the penalty")
          .add("fit_intercept", &RidgeParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("max_iter", &RidgeParams::max_iter, at_least(1),
               "most sweeps over the coefficients with positive=True; else the solution is direct")
          .add("tol", &RidgeParams::tol, at_least(0.0),
               "of positive=True, where the optimum is not found exactly; else the solution is "
               "direct")
          .add("solver", &RidgeParams::solver,
               one_of({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}),
               "each of them names the exact solution here; 'lbfgs' goes with positive=True")
          .add("positive", &RidgeParams::positive, anything(), "coefficients may not be negative")
          .add("random_state", &RidgeParams::random_state, anything(),
               "without effect: scikit-learn needs it for 'sag' and 'saga' only")
          .positional(1);
  return table;
}

void Ridge::check_params() const {
  WithParams::check_params();
  const RidgeParams& p = params();
  if (p.solver == "lbfgs" && !p.positive) {
    throw UsageError("Ridge: solver='lbfgs' is for positive=True; use solver='auto'");
  }
  if (p.positive && p.solver != "auto" && p.solver != "lbfgs") {
    throw UsageError(
        fmt::format("Ridge: positive=True goes with solver='auto' or 'lbfgs', not '{}'", p.solver));
  }
}

namespace {

MomentFit fit_positive(const Moments& m, const RidgeParams& p) {
  if (!m.keeps_digits()) return {.is_resolved = false};
  const PenalisedQuadratic problem{
      m.gram / m.weight, m.xy / m.weight, m.yy / m.weight, 0.0, p.alpha / m.weight, true};
  const Descent found = coordinate_descent(problem, p.tol, p.max_iter.value_or(10000));
  MomentFit fit = MomentFit::of(found.coef, m.mean, m.y_mean);
  fit.n_iter = found.n_iter;
  fit.converged = found.converged;
  return fit;
}

}  // namespace

MomentFit Ridge::solve(const Moments& m) const {
  if (params().positive) return fit_positive(m, params());
  const ScaledCholesky cholesky(m, params().alpha);
  if (!cholesky.resolves(m.noise)) return {.is_resolved = false};
  MomentFit fit = MomentFit::of(cholesky.solve(m.xy), m.mean, m.y_mean);
  fit.n_iter = 1;
  return fit;
}

MomentFit Ridge::refine(const Moments& m, const Spectrum& spectrum) const {
  if (params().positive) return MomentRegressor::refine(m, spectrum);
  MomentFit fit = MomentFit::of(spectrum.solve(params().alpha, spectrum.rank()), spectrum.mean,
                                spectrum.y_mean);
  fit.n_iter = 1 + spectrum.passes;
  fit.warnings = refinement_warnings(m, spectrum);
  return fit;
}

FittedAttributes Ridge::conclude(MomentFit& fit) const {
  if (!fit.converged) {
    fit.warnings.push_back(fmt::format(
        "Ridge did not converge in {} sweeps; increase max_iter or alpha, or scale the columns",
        fit.n_iter));
  }
  return {};
}

}  // namespace superstep
