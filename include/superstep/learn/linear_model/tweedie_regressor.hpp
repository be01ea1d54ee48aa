// SPDX-License-Identifier: BSD-3-Clause
// Regression with a Tweedie distribution of any power. With power 0 and the identity link this is
// ridge regression of the mean of squares, from moments: one pass, which it shares with others.
#pragma once

#include <superstep/learn/linear_model/tweedie_family.hpp>

namespace superstep {

struct TweedieRegressorParams {
  double power = 0.0;
  double alpha = 1.0;
  bool fit_intercept = true;
  std::string link = "auto";
  std::string solver = "lbfgs";
  Index max_iter = 100;
  double tol = 1e-4;
};

class TweedieRegressor final
    : public WithParams<TweedieRegressor, TweedieRegressorParams, LinkedTweedieFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<TweedieRegressorParams>& param_table();
  void check_params() const override;

  bool has_log_link() const override;
  double variance_power() const override { return params().power; }
  TweedieParams settings() const override;
  std::string loss_name() const override { return "HalfTweedieLoss"; }
  std::string takes() const override;
};

}  // namespace superstep
