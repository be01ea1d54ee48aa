// SPDX-License-Identifier: BSD-3-Clause
// What HistGradientBoostingClassifier and HistGradientBoostingRegressor have in common.
#pragma once

#include <optional>
#include <string>

#include <superstep/learn/estimator.hpp>

namespace superstep {

namespace trees {
/// With room for a second copy of the bins, column by column.
Footprint ample(Footprint need, Index columns);
}  // namespace trees

struct HistGradientBoostingParams {
  double learning_rate = 0.1;
  Index max_iter = 100;
  std::optional<Index> max_leaf_nodes = 31;
  std::optional<Index> max_depth;
  Index min_samples_leaf = 20;
  double l2_regularization = 0.0;
  Index max_bins = 255;
  Value early_stopping = "auto";
  std::optional<double> validation_fraction = 0.1;
  Index n_iter_no_change = 10;
  double tol = 1e-7;
  Value verbose = 0;
  std::optional<Index> random_state;
};

}  // namespace superstep
