// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's DecisionTreeClassifier: a tree of the best splits.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct DecisionTreeClassifierParams : TreeParams {
  std::string criterion = "gini";
  std::string splitter = "best";
  Value max_features;
  Value class_weight;
};

class DecisionTreeClassifier final
    : public WithParams<DecisionTreeClassifier, DecisionTreeClassifierParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<DecisionTreeClassifierParams>& param_table();
  Kind kind() const override { return Kind::classifier; }

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
