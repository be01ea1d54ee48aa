// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/gamma_regressor.hpp>

namespace superstep {

const ParamTable<GammaRegressorParams>& GammaRegressor::param_table() {
  static const auto table = with_tweedie_params(ParamTable<GammaRegressorParams>(
      "GammaRegressor", "Means of positive amounts: exp of a linear function, penalty on coef^2."));
  return table;
}

std::string GammaRegressor::takes() const {
  return "amounts must be > 0, use TweedieRegressor(power=1.5) where some are zero";
}

}  // namespace superstep
