// SPDX-License-Identifier: BSD-3-Clause
// Poisson regression with log link: the loss is exp(z) - y z, z = x coef + intercept.
#pragma once

#include <superstep/learn/linear_model/tweedie_family.hpp>

namespace superstep {

using PoissonRegressorParams = TweedieParams;

class PoissonRegressor final
    : public WithParams<PoissonRegressor, PoissonRegressorParams, TweedieFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<PoissonRegressorParams>& param_table();

  double variance_power() const override { return 1.0; }
  TweedieParams settings() const override { return params(); }
  std::string loss_name() const override { return "HalfPoissonLoss"; }
  std::string takes() const override;
};

}  // namespace superstep
