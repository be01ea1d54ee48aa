// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/ridge_equations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>

#include "learn/linear_model/coordinate_descent.hpp"

namespace superstep {

namespace {

MomentFit solve_positive(const Moments& m, const RidgeEquations& e) {
  if (!m.keeps_digits()) return {.is_resolved = false};
  Matrix coef(m.gram.rows(), m.xy.cols());
  Index sweeps = 0;
  bool converged = true;
  for (Index t = 0; t < m.xy.cols(); ++t) {
    const PenalisedQuadratic problem{m.gram / m.weight,  m.xy.col(t) / m.weight,
                                     m.yy[t] / m.weight, 0.0,
                                     e.alpha / m.weight, true};
    const Descent found = coordinate_descent(problem, e.tol, e.most_sweeps);
    coef.col(t) = found.coef;
    sweeps = std::max(sweeps, found.n_iter);
    converged = converged && found.converged;
  }
  MomentFit fit = MomentFit::of(std::move(coef), m.mean, m.y_mean);
  fit.n_iter = sweeps;
  fit.converged = converged;
  return fit;
}

}  // namespace

MomentFit RidgeEquations::solve(const Moments& m) const {
  if (positive) return solve_positive(m, *this);
  const ScaledCholesky cholesky(m, alpha);
  if (!cholesky.resolves(m.noise)) return {.is_resolved = false};
  MomentFit fit = MomentFit::of(cholesky.solve(m.xy), m.mean, m.y_mean);
  fit.n_iter = 1;
  return fit;
}

MomentFit RidgeEquations::refine(const Moments& m, const Spectrum& spectrum) const {
  MomentFit fit =
      MomentFit::of(spectrum.solve(alpha, spectrum.rank()), spectrum.mean, spectrum.y_mean);
  fit.n_iter = 1 + spectrum.passes;
  fit.warnings = refinement_warnings(m, spectrum);
  return fit;
}

void check_solver(const std::string& estimator, const std::string& solver, bool positive) {
  if (solver == "lbfgs" && !positive) {
    throw UsageError(
        fmt::format("{}: solver='lbfgs' is for positive=True; use solver='auto'", estimator));
  }
  if (positive && solver != "auto" && solver != "lbfgs") {
    throw UsageError(fmt::format("{}: positive=True goes with solver='auto' or 'lbfgs', not '{}'",
                                 estimator, solver));
  }
}

std::string said_of_sweeps(const std::string& estimator, const MomentFit& fit) {
  return fmt::format(
      "{} did not converge in {} sweeps; increase max_iter or alpha, or scale the columns",
      estimator, fit.n_iter);
}

}  // namespace superstep
