// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/tree/decision_tree_classifier.hpp>

#include "learn/trees/cart_params.hpp"

namespace superstep {

const ParamTable<DecisionTreeClassifierParams>& DecisionTreeClassifier::param_table() {
  static const auto table = trees::with_tree_params(ParamTable<DecisionTreeClassifierParams>(
      "DecisionTreeClassifier", "A tree of the best splits."));
  return table;
}

trees::CartTask DecisionTreeClassifier::task(Index columns, std::uint64_t seed) const {
  return trees::tree_task(params(), columns, seed);
}

}  // namespace superstep
