// SPDX-License-Identifier: BSD-3-Clause
// Every metric in one table: its scikit-learn scorer name and its plain name, what it needs from a
// model, and how it is computed from a pass's statistics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/metrics/statistics.hpp>

namespace superstep {

/// A group of statistics that a pass collects, or not.
enum class Statistic : unsigned {
  counts = 1,  ///< hits, truth, predicted
  log_loss = 2,
  score_ranking = 4,  ///< by decision_function, else by predict_proba
  probability_ranking = 8,
  squared_errors = 16,  ///< error, squared_error, target_square
  largest_error = 32,
  poisson = 64,
  inertia = 128,
  absolute_errors = 256,
  brier = 512,
  best_two = 1024,  ///< by decision_function, else by predict_proba
  pairs = 2048,
  squared_log_errors = 4096,
  percentage_errors = 8192,
  gamma = 16384,
  median_error = 32768,
  error_of_median = 65536,
  weighted_pairs = 131072,
  score_curve = 262144,  ///< what score_ranking collects, and the curve
};

struct Metric {
  std::string name;
  Kind kind;  ///< of the estimators it is for
  Statistic needs;
  bool greater_is_better;
  /// Multiclass is an error, in scikit-learn's words.
  std::string multiclass_error;
  /// Whether a label that the model does not know is an error instead of a miss.
  bool knows_all_labels;
  /// DataError where the metric is not defined.
  std::function<double(const MetricStatistics&)> value;
  bool has_positive = false;      ///< it is about one of two classes
  bool takes_one = false;         ///< class 1 is that one where there is such a class: pos_label=1
  std::optional<Kind> also{};     ///< a second kind of estimators it is for
  bool is_of_one_target = false;  ///< of several it is not defined; the others average over them

  bool is_for(Kind k) const { return kind == k || also == k; }
};

/// Of several targets the mean of each one's. DataError where the metric is not defined.
double value_of(const Metric& metric, const MetricStatistics& s);

/// All of them, in the order of the help text.
const std::vector<Metric>& metrics();
/// "classifiers".
const char* plural(Kind kind);

/// Tables and curves, by scikit-learn's names: what they need, like metrics; they have no value.
const std::vector<Metric>& reports();

/// The metric of that name; UsageError names the nearest.
const Metric& find_metric(std::string_view name);
/// The same among metrics and reports.
const Metric& find_metric_or_report(std::string_view name);

/// Of two classes, the number of that which a metric is about when nobody chooses: as scikit-learn
/// has it where it gives an answer, else the greater one.
Index positive_class(const Metric& metric, const Labels& classes);

/// What metrics have to know of a model, or of the models that an estimator will make.
struct Subject {
  std::string name;  ///< "Ridge"
  Kind kind = Kind::transformer;
  Index classes = 0;  ///< of a classifier
  std::function<bool(Method)> can;
  Index targets = 1;  ///< of a regressor
};
Subject subject_of(const Model& model);
/// `classes`: of the data (outcomes_of()).
Subject subject_of(const Estimator& estimator, Index classes);

/// What kind of estimator a model comes from.
Kind kind_of(const Model& model);

/// The metric or report for that model, or UsageError: unknown, for other estimators, more than the
/// model can do, more classes than it takes.
const Metric& metric_for(const Subject& subject, std::string_view name);
const Metric& metric_for(const Model& model, std::string_view name);
/// The same before anything is trained, for data of so many classes (outcomes_of()).
const Metric& metric_for(const Estimator& estimator, Index classes, std::string_view name);

/// What scikit-learn's `score` of the estimator gives: accuracy, r2, the negative inertia.
/// UsageError for a model that has none.
std::string default_metric(const Subject& subject);
std::string default_metric(const Model& model);
std::string default_metric(const Estimator& estimator);

/// The statistics as bits, put together.
inline unsigned operator|(unsigned bits, Statistic statistic) {
  return bits | static_cast<unsigned>(statistic);
}

/// "Ridge": the estimator's name without its parameters.
std::string estimator_name(const Model& model);

}  // namespace superstep
