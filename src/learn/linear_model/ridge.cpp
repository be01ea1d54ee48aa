// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge.hpp>

#include "learn/linear_model/ridge_equations.hpp"

namespace superstep {

const ParamTable<RidgeParams>& Ridge::param_table() {
  static const auto table = with_solver(with_alpha_and_intercept(
      ParamTable<RidgeParams>("Ridge", "Least squares with a penalty on coef^2.")));
  return table;
}

void Ridge::check_params() const {
  WithParams::check_params();
  check_solver(name(), params().solver, params().positive);
}

MomentFit Ridge::solve(const Moments& m) const { return equations_of(params()).solve(m); }

MomentFit Ridge::refine(const Moments& m, const Spectrum& spectrum) const {
  if (params().positive) return MomentRegressor::refine(m, spectrum);
  return equations_of(params()).refine(m, spectrum);
}

FittedAttributes Ridge::conclude(MomentFit& fit) const {
  if (!fit.converged) fit.warnings.push_back(said_of_sweeps(name(), fit));
  return {};
}

}  // namespace superstep
