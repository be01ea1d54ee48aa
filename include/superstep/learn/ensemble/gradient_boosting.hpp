// SPDX-License-Identifier: BSD-3-Clause
// What GradientBoostingClassifier and GradientBoostingRegressor have in common: scikit-learn's
// boosting of variance trees, grown on histograms.
#pragma once

#include <optional>
#include <string>

#include <superstep/learn/estimator.hpp>

namespace superstep {

namespace trees {
/// With room for a second copy of the bins, column by column.
Footprint ample(Footprint need, Index columns);
}  // namespace trees

struct GradientBoostingParams {
  double learning_rate = 0.1;
  Index n_estimators = 100;
  double subsample = 1.0;
  Value min_samples_split = 2;
  Value min_samples_leaf = 1;
  std::optional<Index> max_depth = 3;
  double min_impurity_decrease = 0.0;
  Value init;
  std::optional<Index> random_state;
  Value max_features;
  Value verbose = 0;
  std::optional<Index> max_leaf_nodes;
  double validation_fraction = 0.1;
  std::optional<Index> n_iter_no_change;
  double tol = 1e-4;
};

}  // namespace superstep
