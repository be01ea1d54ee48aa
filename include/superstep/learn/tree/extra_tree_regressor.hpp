// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's ExtraTreeRegressor: a tree of splits at drawn thresholds.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct ExtraTreeRegressorParams : TreeParams {
  std::string criterion = "squared_error";
  std::string splitter = "random";
  Value max_features = 1.0;
};

class ExtraTreeRegressor final
    : public WithParams<ExtraTreeRegressor, ExtraTreeRegressorParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ExtraTreeRegressorParams>& param_table();
  Kind kind() const override { return Kind::regressor; }

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
