// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/metric.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>

#include "learn/metrics/formulas.hpp"
#include "learn/metrics/partition_formulas.hpp"

namespace superstep {

const char* plural(Kind kind) {
  switch (kind) {
    case Kind::transformer:
      return "transformers";
    case Kind::classifier:
      return "classifiers";
    case Kind::regressor:
      return "regressors";
    case Kind::clusterer:
      return "clusterers";
  }
  return "";
}

namespace {

using Value = std::function<double(const MetricStatistics&)>;

constexpr const char* not_binary =
    "Target is multiclass but average='binary'. Please choose another average setting, one of "
    "[None, 'micro', 'macro', 'weighted']";

void add_classifier(std::vector<Metric>& list, std::string name, Statistic needs, bool greater,
                    bool knows_all_labels, Value value, std::string multiclass_error = {}) {
  list.push_back({std::move(name), Kind::classifier, needs, greater, std::move(multiclass_error),
                  knows_all_labels, std::move(value)});
}

void add_regressor(std::vector<Metric>& list, std::string name, Statistic needs, Value value) {
  list.push_back({std::move(name), Kind::regressor, needs, true, {}, false, std::move(value)});
}

/// scikit-learn has no rule for several targets.
void set_of_one_target(std::vector<Metric>& list) {
  for (Metric& m : list) {
    m.is_of_one_target = m.needs == Statistic::largest_error || m.needs == Statistic::poisson ||
                         m.needs == Statistic::gamma;
  }
}

/// A loss under scikit-learn's scorer name, negative, and under its plain names, as it is.
void add_loss(std::vector<Metric>& list, const std::vector<std::string>& names, Kind kind,
              Statistic needs, bool knows_all_labels, const Value& value) {
  list.push_back({"neg_" + names.front(),
                  kind,
                  needs,
                  true,
                  {},
                  knows_all_labels,
                  [value](const MetricStatistics& s) { return -value(s); }});
  for (const std::string& name : names) {
    list.push_back({name, kind, needs, false, {}, knows_all_labels, value});
  }
}

void add_classification(std::vector<Metric>& list) {
  using Average = formulas::Average;
  const auto counts = Statistic::counts;
  add_classifier(list, "accuracy", counts, true, false, formulas::accuracy);
  add_classifier(list, "balanced_accuracy", counts, true, false, formulas::balanced_accuracy);
  const std::pair<const char*, formulas::ClassScore> scores[] = {{"precision", formulas::precision},
                                                                 {"recall", formulas::recall},
                                                                 {"f1", formulas::f1},
                                                                 {"jaccard", formulas::jaccard}};
  for (const auto& [name, of_class] : scores) {
    const auto value = [of_class = of_class](Average average) {
      return [=](const MetricStatistics& s) { return formulas::averaged(s, of_class, average); };
    };
    const std::string base = name;
    add_classifier(
        list, base, counts, true, true, value(Average::binary),
        fmt::format("{0}; that is {1}_micro, {1}_macro or {1}_weighted here", not_binary, base));
    list.back().has_positive = list.back().takes_one = true;
    add_classifier(list, base + "_micro", counts, true, false, value(Average::micro));
    add_classifier(list, base + "_macro", counts, true, false, value(Average::macro));
    add_classifier(list, base + "_weighted", counts, true, false, value(Average::weighted));
  }
  add_loss(list, {"log_loss"}, Kind::classifier, Statistic::log_loss, true, formulas::log_loss);
  add_classifier(list, "roc_auc", Statistic::score_ranking, true, true, formulas::roc_auc,
                 "multiclass format is not supported; choose roc_auc_ovr or roc_auc_ovo");
  const auto by_probability = Statistic::probability_ranking;
  for (const bool weighted : {false, true}) {
    const std::string end = weighted ? "_weighted" : "";
    add_classifier(list, "roc_auc_ovr" + end, by_probability, true, true,
                   [=](const MetricStatistics& s) { return formulas::roc_auc_ovr(s, weighted); });
    add_classifier(list, "roc_auc_ovo" + end, by_probability, true, true,
                   [=](const MetricStatistics& s) { return formulas::roc_auc_ovo(s, weighted); });
  }
  add_classifier(list, "average_precision", Statistic::score_ranking, true, true,
                 formulas::average_precision);
  list.back().has_positive = list.back().takes_one = true;
}

void add_rarer_classification(std::vector<Metric>& list) {
  const auto counts = Statistic::counts;
  add_classifier(list, "matthews_corrcoef", counts, true, true, formulas::matthews_corrcoef);
  add_classifier(list, "top_k_accuracy", Statistic::best_two, true, true, formulas::top_k_accuracy);
  const auto about_two = [&](const char* name) {
    return fmt::format("{} only supports binary classification problems", name);
  };
  add_classifier(list, "positive_likelihood_ratio", counts, true, true,
                 formulas::positive_likelihood_ratio, about_two("positive_likelihood_ratio"));
  list.back().has_positive = true;
  add_loss(list, {"negative_likelihood_ratio"}, Kind::classifier, counts, true,
           formulas::negative_likelihood_ratio);
  for (std::size_t i = list.size() - 2; i < list.size(); ++i) {
    list[i].has_positive = true;
    list[i].multiclass_error = about_two("negative_likelihood_ratio");
  }
  add_loss(list, {"brier_score"}, Kind::classifier, Statistic::brier, true, formulas::brier_score);
  add_classifier(list, "d2_log_loss_score", Statistic::log_loss, true, true, formulas::d2_log_loss);
  add_classifier(list, "d2_brier_score", Statistic::brier, true, true, formulas::d2_brier);
}

void add_partitions(std::vector<Metric>& list) {
  const std::pair<const char*, double (*)(const MetricStatistics&)> all[] = {
      {"rand_score", formulas::rand_score},
      {"adjusted_rand_score", formulas::adjusted_rand_score},
      {"mutual_info_score", formulas::mutual_info_score},
      {"adjusted_mutual_info_score", formulas::adjusted_mutual_info_score},
      {"normalized_mutual_info_score", formulas::normalized_mutual_info_score},
      {"homogeneity_score", formulas::homogeneity_score},
      {"completeness_score", formulas::completeness_score},
      {"v_measure_score", formulas::v_measure_score},
      {"fowlkes_mallows_score", formulas::fowlkes_mallows_score}};
  for (const auto& [name, value] : all) {
    list.push_back({name, Kind::clusterer, Statistic::pairs, true, {}, true, value});
    list.back().also = Kind::classifier;
  }
}

std::vector<Metric> all_metrics() {
  std::vector<Metric> list;
  add_classification(list);
  add_rarer_classification(list);
  add_regressor(list, "r2", Statistic::squared_errors, formulas::r2);
  add_regressor(list, "explained_variance", Statistic::squared_errors,
                formulas::explained_variance);
  add_regressor(list, "d2_poisson_deviance", Statistic::poisson, formulas::d2_poisson_deviance);
  add_regressor(list, "d2_gamma_deviance", Statistic::gamma, formulas::d2_gamma_deviance);
  const auto add = [&](const std::vector<std::string>& names, Statistic needs, const Value& value) {
    add_loss(list, names, Kind::regressor, needs, false, value);
  };
  add({"mean_squared_error", "mse"}, Statistic::squared_errors, formulas::mean_squared_error);
  add({"root_mean_squared_error", "rmse"}, Statistic::squared_errors,
      formulas::root_mean_squared_error);
  add({"mean_absolute_error", "mae"}, Statistic::absolute_errors, formulas::mean_absolute_error);
  add({"max_error"}, Statistic::largest_error, formulas::max_error);
  add({"median_absolute_error"}, Statistic::median_error, formulas::median_absolute_error);
  add({"mean_absolute_percentage_error", "mape"}, Statistic::percentage_errors,
      formulas::mean_absolute_percentage_error);
  add({"mean_squared_log_error"}, Statistic::squared_log_errors, formulas::mean_squared_log_error);
  add({"root_mean_squared_log_error"}, Statistic::squared_log_errors,
      formulas::root_mean_squared_log_error);
  add({"mean_poisson_deviance"}, Statistic::poisson, formulas::mean_poisson_deviance);
  add({"mean_gamma_deviance"}, Statistic::gamma, formulas::mean_gamma_deviance);
  add_regressor(list, "d2_absolute_error_score", Statistic::error_of_median,
                formulas::d2_absolute_error);
  add_loss(list, {"inertia"}, Kind::clusterer, Statistic::inertia, false, formulas::inertia);
  add_partitions(list);
  set_of_one_target(list);
  return list;
}

std::vector<std::string> first_names_for(Kind kind) {
  constexpr std::size_t most_named = 3;
  std::vector<std::string> names;
  for (const Metric& m : metrics()) {
    if (m.is_for(kind) && names.size() < most_named) names.push_back(m.name);
  }
  return names;
}

/// What the model lacks for these statistics; empty when it can give them.
std::string lacking(const Subject& model, Statistic needs) {
  const bool probabilities = model.can(Method::predict_proba);
  const bool scores = model.can(Method::decision_function) || probabilities;
  switch (needs) {
    case Statistic::log_loss:
    case Statistic::brier:
    case Statistic::probability_ranking:
      return probabilities ? "" : "predict_proba";
    case Statistic::score_ranking:
    case Statistic::best_two:
    case Statistic::score_curve:
      return scores ? "" : "decision_function or predict_proba";
    case Statistic::inertia:
      return model.can(Method::transform) ? "" : "transform";
    default:
      return model.can(Method::predict) ? "" : "predict";
  }
}

}  // namespace

double value_of(const Metric& metric, const MetricStatistics& s) {
  double sum = metric.value(s);
  for (const MetricStatistics& other : s.other_targets) sum += metric.value(other);
  return sum / static_cast<double>(1 + s.other_targets.size());
}

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all = all_metrics();
  return all;
}

namespace {

/// Names that scikit-learn knows and that are none here: why, and what to do.
void refuse_known(std::string_view name) {
  if (name.ends_with("_samples")) {
    throw UsageError(
        fmt::format("{} averages over the labels of each row, which is for targets of "
                    "several labels; a row has one here: choose _micro, _macro or "
                    "_weighted",
                    name));
  }
  if (std::ranges::find(reports(), name, &Metric::name) != reports().end()) {
    throw UsageError(
        fmt::format("{0} is no single number: superstep score ... --report {0} shows it", name));
  }
  if (name.starts_with("silhouette")) {
    throw UsageError(
        fmt::format("{} compares every row with every other, which for n rows takes n "
                    "squared distances; choose neg_inertia, or with known classes "
                    "adjusted_rand_score",
                    name));
  }
}

}  // namespace

const std::vector<Metric>& reports() {
  static const std::vector<Metric> all = [] {
    std::vector<Metric> list;
    const auto no_value = [](const MetricStatistics&) { return 0.0; };
    add_classifier(list, "confusion_matrix", Statistic::weighted_pairs, true, true, no_value);
    add_classifier(list, "classification_report", Statistic::counts, true, true, no_value);
    for (const char* name : {"roc_curve", "precision_recall_curve", "det_curve"}) {
      add_classifier(list, name, Statistic::score_curve, true, true, no_value,
                     "multiclass format is not supported");
      list.back().has_positive = list.back().takes_one = true;
    }
    return list;
  }();
  return all;
}

const Metric& find_metric(std::string_view name) {
  const auto found = std::ranges::find(metrics(), name, &Metric::name);
  if (found != metrics().end()) return *found;
  refuse_known(name);
  std::vector<std::string> names;
  for (const Metric& m : metrics()) names.push_back(m.name);
  const std::string scorer(name.substr(0, name.rfind("_score")));  // accuracy_score is a function
  if (std::ranges::find(names, scorer) != names.end()) {
    throw UsageError(fmt::format("the scorer of {} is named '{}'", name, scorer));
  }
  throw UsageError(fmt::format("there is no metric '{}'; {} (`superstep help scoring` lists them)",
                               name, did_you_mean(name, names)));
}

const Metric& find_metric_or_report(std::string_view name) {
  const auto report = std::ranges::find(reports(), name, &Metric::name);
  return report != reports().end() ? *report : find_metric(name);
}

Index positive_class(const Metric& metric, const Labels& classes) {
  return metric.takes_one && classes.find(1.0) == 0 ? 0 : classes.size() - 1;
}

Kind kind_of(const Model& model) {
  if (model.transforms_targets()) return Kind::transformer;
  if (model.classes() != nullptr) return Kind::classifier;
  if (!model.can(Method::predict)) return Kind::transformer;
  return model.can(Method::transform) ? Kind::clusterer : Kind::regressor;
}

namespace {

/// "Ridge(alpha=1.0)" is called "Ridge".
std::string name_in(const std::string& expression) {
  return expression.substr(0, expression.find('('));
}

}  // namespace

Subject subject_of(const Model& model) {
  const Kind kind = kind_of(model);
  return {estimator_name(model), kind, model.classes() != nullptr ? model.classes()->size() : 0,
          [&model](Method method) { return model.can(method); },
          kind == Kind::regressor ? model.width(Method::predict) : 1};
}

Subject subject_of(const Estimator& estimator, Index classes) {
  return {name_in(estimator.expression()), estimator.kind(),
          estimator.kind() == Kind::classifier ? classes : 0,
          [&estimator](Method method) { return estimator.can(method); },
          estimator.kind() == Kind::regressor ? std::max<Index>(classes, 1) : 1};
}

const Metric& metric_for(const Subject& subject, std::string_view name) {
  const Metric& metric = find_metric_or_report(name);
  if (subject.kind == Kind::transformer) default_metric(subject);  // says so
  if (!metric.is_for(subject.kind)) {
    throw UsageError(
        fmt::format("{} is for {}, {} is not one; choose among those for {}, such as {} "
                    "(`superstep help scoring` lists them)",
                    name, plural(metric.kind), subject.name, plural(subject.kind),
                    join(first_names_for(subject.kind), "and")));
  }
  if (const std::string what = lacking(subject, metric.needs); !what.empty()) {
    throw UsageError(fmt::format("{} needs {}, which {} does not have; choose another metric", name,
                                 what, subject.name));
  }
  if (subject.classes > 2 && !metric.multiclass_error.empty()) {
    throw UsageError(fmt::format("{}: {} (the model has {} classes)", name, metric.multiclass_error,
                                 subject.classes));
  }
  if (subject.targets > 1 && metric.is_of_one_target) {
    throw UsageError(
        fmt::format("{}: it is not defined for several targets ({} has {}); choose another metric, "
                    "such as r2 or neg_mean_absolute_error",
                    name, subject.name, subject.targets));
  }
  return metric;
}

const Metric& metric_for(const Model& model, std::string_view name) {
  return metric_for(subject_of(model), name);
}

const Metric& metric_for(const Estimator& estimator, Index classes, std::string_view name) {
  return metric_for(subject_of(estimator, classes), name);
}

std::string default_metric(const Subject& subject) {
  switch (subject.kind) {
    case Kind::classifier:
      return "accuracy";
    case Kind::regressor:
      return "r2";
    case Kind::clusterer:
      return "neg_inertia";
    case Kind::transformer:
      break;
  }
  throw UsageError(
      fmt::format("{} predicts nothing, so there is nothing to score; score a pipeline that ends "
                  "in a predictor",
                  subject.name));
}

std::string default_metric(const Model& model) { return default_metric(subject_of(model)); }

std::string default_metric(const Estimator& estimator) {
  return default_metric(subject_of(estimator, 0));
}

std::string estimator_name(const Model& model) { return name_in(model.expression()); }

}  // namespace superstep
