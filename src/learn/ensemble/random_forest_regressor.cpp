// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/random_forest_regressor.hpp>

#include "learn/trees/cart_params.hpp"

namespace superstep {

const ParamTable<RandomForestRegressorParams>& RandomForestRegressor::param_table() {
  static const auto table = trees::with_forest_params(ParamTable<RandomForestRegressorParams>(
      "RandomForestRegressor", "The mean of trees, each of rows that are drawn."));
  return table;
}

void RandomForestRegressor::check_params() const {
  WithParams::check_params();
  trees::check_draws(name(), params(), params().bootstrap);
}

trees::CartTask RandomForestRegressor::task(Index columns, std::uint64_t seed) const {
  trees::CartTask task = trees::forest_task(params(), columns, seed);
  return task;
}

}  // namespace superstep
