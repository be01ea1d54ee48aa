// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression: minimise |y - X b - c|^2 + alpha |b|^2, the intercept c not penalised.
// One superstep for any number of candidates and folds (the Gram matrix), then a Cholesky
// factorisation for each alpha, shared out over the ranks. Where Gram matrix and penalty together
// do not resolve the columns, it says so and refines in further passes.
//
// One eigendecomposition would serve all alphas of a fold, but a model must not depend on its batch
// mates, so a single model would pay for it: 12 factorisations (0.24 s instead of 0.02 s for 1000
// columns). It would also lose the digits of small columns beside large ones, which a scaled
// factorisation keeps.
#pragma once

#include <superstep/learn/linear_model/moment_regressor.hpp>

namespace superstep {

struct RidgeParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  std::optional<Index> max_iter = {};
  double tol = 1e-4;
  std::string solver = "auto";
  bool positive = false;
  std::optional<Index> random_state = {};
};

class Ridge final : public WithParams<Ridge, RidgeParams, MomentRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<RidgeParams>& param_table();
  void check_params() const override;

  bool takes_targets() const override { return true; }
  bool fits_intercept() const override { return params().fit_intercept; }
  MomentFit solve(const Moments& m) const override;
  MomentFit refine(const Moments& m, const Spectrum& spectrum) const override;
  FittedAttributes conclude(MomentFit& fit) const override;
};

}  // namespace superstep
