// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/elastic_net.hpp>

#include <fmt/format.h>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

const ParamTable<ElasticNetParams>& ElasticNet::param_table() {
  static const auto table =
      ParamTable<ElasticNetParams>("ElasticNet",
                                   "Least squares with penalties on |coef| and coef^2.")
          .add("alpha", &ElasticNetParams::alpha, at_least(0.0), "strength of both penalties")
          .add("l1_ratio", &ElasticNetParams::l1_ratio, between(0.0, 1.0),
               "share of the penalty on |coef|: 1 is the Lasso, 0 ridge regression")
          .add("fit_intercept", &ElasticNetParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("precompute", {false, true}, "the Gram matrix is always used")
          .add("max_iter", &ElasticNetParams::max_iter, at_least(1),
               "most sweeps over the coefficients")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("tol", &ElasticNetParams::tol, at_least(0.0),
               "ends when the duality gap is below tol |y|^2, if the optimum itself was not found "
               "before")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .add("positive", &ElasticNetParams::positive, anything(),
               "coefficients may not be negative")
          .add("random_state", &ElasticNetParams::random_state, anything(),
               "without effect, as in scikit-learn, unless selection is 'random'")
          .refuse("selection", {"cyclic"},
                  "coefficients are visited in order; the optimum is the same")
          .positional(1);
  return table;
}

MomentFit PenalisedRegressor::solve(const Moments& m) const {
  if (!m.keeps_digits()) return {.is_resolved = false};
  const ElasticNetParams p = net();
  const PenalisedQuadratic problem{
      m.gram / m.weight,    m.xy.col(0) / m.weight,       m.yy[0] / m.weight,
      p.alpha * p.l1_ratio, p.alpha * (1.0 - p.l1_ratio), p.positive};
  const Descent found = coordinate_descent(problem, p.tol, p.max_iter);
  MomentFit fit = MomentFit::of(found.coef, m.mean, m.y_mean);
  fit.n_iter = found.n_iter;
  fit.converged = found.converged;
  fit.others = Vector{{found.gap, p.tol * problem.yy}};
  return fit;
}

FittedAttributes PenalisedRegressor::conclude(MomentFit& fit) const {
  if (!fit.converged) {
    fit.warnings.push_back(fmt::format(
        "{} did not converge in {} sweeps: the duality gap is {:.3e}, the tolerance {:.3e}; "
        "increase max_iter or alpha, or scale the columns",
        name(), net().max_iter, fit.others[0], fit.others[1]));
  }
  return {{"n_iter_", fit.n_iter}, {"dual_gap_", fit.others[0]}};
}

}  // namespace superstep
