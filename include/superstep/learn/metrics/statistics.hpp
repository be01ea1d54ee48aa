// SPDX-License-Identifier: BSD-3-Clause
// What a pass over the data leaves behind: everything that any metric is computed from.
#pragma once

#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// How well scores put the classes in order, for every pair of them.
struct Ranking {
  Index classes = 0;
  bool is_undefined = false;  ///< some scores were NaN or infinite; the rest is empty
  /// Sum of the weights of each class.
  std::vector<double> weight;
  /// Entry (a, b): the share of pairs (a row of a, a row of b) in which the score for a of the
  /// first is the greater; ties count half. NaN where a or b has no rows.
  std::vector<double> auc;
  /// Of the last class, by the score for it. Two classes only.
  double average_precision = 0.0;

  double pair(Index a, Index b) const { return auc[static_cast<std::size_t>(a * classes + b)]; }
};

struct MetricStatistics {
  double rows = 0.0;    ///< of positive weight
  double weight = 0.0;  ///< the sum of theirs

  // Of a classifier, weights by class.
  std::vector<double> hits;
  std::vector<double> truth;
  std::vector<double> predicted;
  Index unknown_labels = 0;  ///< labels in the data that the model has never seen
  double log_loss = 0.0;
  Ranking by_score;        ///< by decision_function, if there is one
  Ranking by_probability;  ///< by predict_proba

  // Of a regressor, weighted sums; error is target - prediction.
  double error = 0.0;
  double squared_error = 0.0;
  double absolute_error = 0.0;
  double largest_error = 0.0;  ///< not weighted
  double target_square = 0.0;  ///< of the targets' distance from their mean
  double not_poisson = 0.0;    ///< rows with a negative target or without a positive prediction
  double poisson_deviance = 0.0;
  double poisson_deviance_of_mean = 0.0;  ///< of a model that predicts the mean

  double inertia = 0.0;  ///< of a clusterer: squared distance to the nearest centre
};

}  // namespace superstep
