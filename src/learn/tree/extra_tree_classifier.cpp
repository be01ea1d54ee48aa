// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/tree/extra_tree_classifier.hpp>

#include "learn/trees/cart_params.hpp"

namespace superstep {

const ParamTable<ExtraTreeClassifierParams>& ExtraTreeClassifier::param_table() {
  static const auto table = trees::with_tree_params(ParamTable<ExtraTreeClassifierParams>(
      "ExtraTreeClassifier", "A tree of splits at drawn thresholds."));
  return table;
}

trees::CartTask ExtraTreeClassifier::task(Index columns, std::uint64_t seed) const {
  return trees::tree_task(params(), columns, seed);
}

}  // namespace superstep
