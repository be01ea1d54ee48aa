// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's ExtraTreesClassifier: the mean of trees of splits at drawn thresholds.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct ExtraTreesClassifierParams : ForestParams {
  std::string criterion = "gini";
  Value max_features = "sqrt";
  bool bootstrap = false;
  Value class_weight;
};

class ExtraTreesClassifier final
    : public WithParams<ExtraTreesClassifier, ExtraTreesClassifierParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ExtraTreesClassifierParams>& param_table();
  Kind kind() const override { return Kind::classifier; }
  void check_params() const override;

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
