// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's RandomForestRegressor: the mean of trees, each of rows that are drawn.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct RandomForestRegressorParams : ForestParams {
  std::string criterion = "squared_error";
  Value max_features = 1.0;
  bool bootstrap = true;
};

class RandomForestRegressor final
    : public WithParams<RandomForestRegressor, RandomForestRegressorParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<RandomForestRegressorParams>& param_table();
  Kind kind() const override { return Kind::regressor; }
  void check_params() const override;

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
