// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's RandomForestClassifier: the mean of trees, each of rows that are drawn.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct RandomForestClassifierParams : ForestParams {
  std::string criterion = "gini";
  Value max_features = "sqrt";
  bool bootstrap = true;
  Value class_weight;
};

class RandomForestClassifier final
    : public WithParams<RandomForestClassifier, RandomForestClassifierParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<RandomForestClassifierParams>& param_table();
  Kind kind() const override { return Kind::classifier; }
  void check_params() const override;

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
