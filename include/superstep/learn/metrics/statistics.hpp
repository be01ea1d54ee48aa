// SPDX-License-Identifier: BSD-3-Clause
// What a pass over the data leaves behind: everything that any metric is computed from.
#pragma once

#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// What weighs at or above a score, of the positive class and of the other.
struct CurvePoint {
  double score;
  double positive;
  double negative;
};

/// How well scores put the classes in order, for every pair of them.
struct Ranking {
  Index classes = 0;
  bool is_undefined = false;  ///< some scores were NaN or infinite; the rest is empty
  /// Sum of the weights of each class.
  std::vector<double> weight;
  /// Entry (a, b): the share of pairs (a row of a, a row of b) in which the score for a of the
  /// first is the greater; ties count half. NaN where a or b has no rows.
  std::vector<double> auc;
  /// Of each class that has a score, against the others; 0 for one without rows.
  std::vector<double> average_precision;
  /// At every different score, from the greatest down, of two classes; where it was asked for.
  std::vector<CurvePoint> curve{};
  bool is_curve_too_long = false;  ///< nothing was kept

  double pair(Index a, Index b) const { return auc[static_cast<std::size_t>(a * classes + b)]; }
};

/// How many rows of a class got an answer: a class code or a cluster's number.
struct PairCount {
  Index truth;
  Index answer;
  double rows;  ///< or what they weigh
};

/// The table of classes and answers, those pairs that occur, in order.
struct PairTable {
  std::vector<PairCount> pairs;
  bool is_too_large = false;  ///< nothing was kept
};

struct MetricStatistics {
  double rows = 0.0;    ///< of positive weight
  double weight = 0.0;  ///< the sum of theirs

  // Of a classifier, weights by class.
  std::vector<double> hits;
  std::vector<double> truth;
  std::vector<double> predicted;
  Index unknown_labels = 0;  ///< labels in the data that the model has never seen
  Index positive = -1;       ///< of two classes, that which binary metrics are about; -1: the last
  Index positive_of_ratios = -1;  ///< the same for likelihood ratios
  double log_loss = 0.0;
  double brier = 0.0;           ///< squared distance of the probabilities from the truth
  double among_best_two = 0.0;  ///< weight of the rows whose class has one of the two best scores
  Ranking by_score;             ///< by decision_function, if there is one
  Ranking by_probability;       ///< by predict_proba

  // Of a regressor, weighted sums; error is target - prediction.
  double error = 0.0;
  double squared_error = 0.0;
  double absolute_error = 0.0;
  double largest_error = 0.0;  ///< not weighted
  double target_mean = 0.0;
  double target_square = 0.0;    ///< of the targets' distance from their mean
  double error_square = 0.0;     ///< the same of the errors
  bool has_lost_spread = false;  ///< one of the two is small beside the square of the mean
  double not_poisson = 0.0;      ///< rows with a negative target or without a positive prediction
  double poisson_deviance = 0.0;
  double poisson_deviance_of_mean = 0.0;  ///< of a model that predicts the mean
  double not_gamma = 0.0;                 ///< rows without a positive target and prediction
  double gamma_deviance = 0.0;
  double gamma_deviance_of_mean = 0.0;
  double not_log = 0.0;  ///< rows with a target or a prediction of -1 or less
  double squared_log_error = 0.0;
  double percentage_error = 0.0;
  double median_error = 0.0;              ///< of the absolute errors
  double absolute_error_of_median = 0.0;  ///< of a model that predicts the median

  double inertia = 0.0;  ///< of a clusterer: squared distance to the nearest centre

  PairTable weighted_pairs;  ///< the same by weight
  PairTable pairs;           ///< of a classifier or clusterer; rows of positive weight count as one

  /// Of a regressor with several targets: the above is of the first, these are of the others.
  std::vector<MetricStatistics> other_targets;
  MetricStatistics& of_target(Index t) {
    return t == 0 ? *this : other_targets[static_cast<std::size_t>(t - 1)];
  }
};

}  // namespace superstep
