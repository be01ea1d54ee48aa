// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's ExtraTreeClassifier: a tree of splits at drawn thresholds.
#pragma once

#include <string>

#include <superstep/learn/tree/cart_family.hpp>

namespace superstep {

struct ExtraTreeClassifierParams : TreeParams {
  std::string criterion = "gini";
  std::string splitter = "random";
  Value max_features = "sqrt";
  Value class_weight;
};

class ExtraTreeClassifier final
    : public WithParams<ExtraTreeClassifier, ExtraTreeClassifierParams, CartFamily> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ExtraTreeClassifierParams>& param_table();
  Kind kind() const override { return Kind::classifier; }

 protected:
  trees::CartTask task(Index columns, std::uint64_t seed) const override;
};

}  // namespace superstep
