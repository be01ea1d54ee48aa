// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's DecisionTreeRegressor: a tree of the best splits.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct DecisionTreeRegressorParams : TreeParams {
  std::string criterion = "squared_error";
  std::string splitter = "best";
  Value max_features;
};

class DecisionTreeRegressor final
    : public WithParams<DecisionTreeRegressor, DecisionTreeRegressorParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<DecisionTreeRegressorParams>& param_table();
  Kind kind() const override { return Kind::regressor; }

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
