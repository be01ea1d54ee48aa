// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's ExtraTreesRegressor: the mean of trees of splits at drawn thresholds.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct ExtraTreesRegressorParams : ForestParams {
  std::string criterion = "squared_error";
  Value max_features = 1.0;
  bool bootstrap = false;
};

class ExtraTreesRegressor final
    : public WithParams<ExtraTreesRegressor, ExtraTreesRegressorParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ExtraTreesRegressorParams>& param_table();
  Kind kind() const override { return Kind::regressor; }
  void check_params() const override;

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
