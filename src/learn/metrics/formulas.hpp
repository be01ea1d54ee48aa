// SPDX-License-Identifier: BSD-3-Clause
// From statistics to metrics: scikit-learn's definitions, and its values where something is zero.
#pragma once

#include <limits>
#include <string>

#include <superstep/core/error.hpp>
#include <superstep/learn/metrics/statistics.hpp>

namespace superstep::formulas {

/// A metric that is not defined on these rows, where scikit-learn's scorer does not fail: it warns
/// and gives `value`.
struct Undefined : DataError {
  explicit Undefined(const std::string& message,
                     double scorers_value = std::numeric_limits<double>::quiet_NaN())
      : DataError(message), value(scorers_value) {}
  double value;
};

double accuracy(const MetricStatistics& s);
double balanced_accuracy(const MetricStatistics& s);

/// Precision, recall and F1 of one class from its hits, true and predicted weight; 0 for 0/0.
using ClassScore = double (*)(double hits, double truth, double predicted);
double precision(double hits, double truth, double predicted);
double recall(double hits, double truth, double predicted);
double f1(double hits, double truth, double predicted);
double jaccard(double hits, double truth, double predicted);

enum class Average {
  binary,    ///< the positive class alone
  micro,     ///< of all classes together
  macro,     ///< mean over the classes that occur
  weighted,  ///< the same, by the weight of each in the data
};
double averaged(const MetricStatistics& s, ClassScore of_class, Average average);

double matthews_corrcoef(const MetricStatistics& s);
double positive_likelihood_ratio(const MetricStatistics& s);
double negative_likelihood_ratio(const MetricStatistics& s);
double top_k_accuracy(const MetricStatistics& s);

double log_loss(const MetricStatistics& s);
double brier_score(const MetricStatistics& s);
double d2_log_loss(const MetricStatistics& s);
double d2_brier(const MetricStatistics& s);
double roc_auc(const MetricStatistics& s);
double roc_auc_ovr(const MetricStatistics& s, bool weighted);
double roc_auc_ovo(const MetricStatistics& s, bool weighted);
double average_precision(const MetricStatistics& s);

double r2(const MetricStatistics& s);
double explained_variance(const MetricStatistics& s);
double mean_squared_error(const MetricStatistics& s);
double root_mean_squared_error(const MetricStatistics& s);
double mean_absolute_error(const MetricStatistics& s);
double max_error(const MetricStatistics& s);
double mean_poisson_deviance(const MetricStatistics& s);
double d2_poisson_deviance(const MetricStatistics& s);
double mean_gamma_deviance(const MetricStatistics& s);
double d2_gamma_deviance(const MetricStatistics& s);
double mean_squared_log_error(const MetricStatistics& s);
double root_mean_squared_log_error(const MetricStatistics& s);
double mean_absolute_percentage_error(const MetricStatistics& s);
double median_absolute_error(const MetricStatistics& s);
double d2_absolute_error(const MetricStatistics& s);

double inertia(const MetricStatistics& s);

}  // namespace superstep::formulas
