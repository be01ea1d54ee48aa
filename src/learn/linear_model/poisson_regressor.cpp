// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/poisson_regressor.hpp>

namespace superstep {

const ParamTable<PoissonRegressorParams>& PoissonRegressor::param_table() {
  static const auto table = with_tweedie_params(ParamTable<PoissonRegressorParams>(
      "PoissonRegressor", "Rates of counts: exp of a linear function, penalty on coef^2."));
  return table;
}

std::string PoissonRegressor::takes() const {
  return "counts must be >= 0, use Ridge for other targets";
}

}  // namespace superstep
