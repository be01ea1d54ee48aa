// SPDX-License-Identifier: BSD-3-Clause
// Gamma regression with log link: the loss is z + y exp(-z), z = x coef + intercept.
#pragma once

#include <superstep/learn/linear_model/tweedie_family.hpp>

namespace superstep {

using GammaRegressorParams = TweedieParams;

class GammaRegressor final
    : public WithParams<GammaRegressor, GammaRegressorParams, TweedieFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<GammaRegressorParams>& param_table();

  double variance_power() const override { return 2.0; }
  TweedieParams settings() const override { return params(); }
  std::string loss_name() const override { return "HalfGammaLoss"; }
  std::string takes() const override;
};

}  // namespace superstep
