// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/extra_trees_regressor.hpp>

#include "learn/trees/cart_params.hpp"

namespace superstep {

const ParamTable<ExtraTreesRegressorParams>& ExtraTreesRegressor::param_table() {
  static const auto table = trees::with_forest_params(ParamTable<ExtraTreesRegressorParams>(
      "ExtraTreesRegressor", "The mean of trees of splits at drawn thresholds."));
  return table;
}

void ExtraTreesRegressor::check_params() const {
  WithParams::check_params();
  trees::check_draws(name(), params(), params().bootstrap);
}

trees::CartTask ExtraTreesRegressor::task(Index columns, std::uint64_t seed) const {
  trees::CartTask task = trees::forest_task(params(), columns, seed);
  task.rules.draws_thresholds = true;
  return task;
}

}  // namespace superstep
