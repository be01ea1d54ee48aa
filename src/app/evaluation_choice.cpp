// SPDX-License-Identifier: BSD-3-Clause
#include "app/evaluation_choice.hpp"

#include <fmt/format.h>

#include <set>
#include <sstream>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep::app {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; std::getline(in, word, ',');) {
    const std::size_t first = word.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    words.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
  }
  return words;
}

void EvaluationChoice::describe(CommandLine& line) {
  line.option(
      "cv", "K", cv_,
      "folds: a number, or \"StratifiedKFold(5, shuffle=True)\" and the like, 5 otherwise; all: "
      "no folds, trained and scored on all rows");
  line.option("holdout", "F", holdout_,
              "instead of folds one split: this fraction (or so many rows) is tested on");
  line.option(
      "scoring", "A,B", scoring_,
      "metrics, greater is better: the sign of a loss is turned; accuracy for classifiers, r2 for "
      "regressors");
  line.flag("train-scores", train_scores, "score the rows trained on as well");
  line.option("error-score", "X", error_score_words_,
              "score of a fit, or of a metric on a fold, that fails: a number, nan (if not given), "
              "or raise");
  data_.describe(line);
  data_.describe_groups(line);
}

void EvaluationChoice::validate(const Estimator& estimator) {
  if (cv_ && holdout_) throw UsageError("--cv and --holdout exclude each other; give one of them");
  if (scoring_) metrics_ = split_at_commas(*scoring_);
  if (scoring_ && metrics_.empty()) throw UsageError("--scoring names no metric");
  check_metric_names();
  check_error_score();
  if (has_no_folds()) {
    check_groups_are_used(false);
    return;
  }
  splitter_ = holdout_ ? make_holdout(*holdout_, estimator.kind())
                       : make_splitter(cv_.value_or("5"), estimator.kind());
  splitter_->check_params();
  if (splitter_->needs_groups() && data_.options.groups.empty()) {
    throw UsageError(
        fmt::format("The 'groups' parameter should not be None: {} needs --groups PATH, "
                    "the dataset that says which group each row belongs to",
                    splitter_->name()));
  }
  check_groups_are_used(splitter_->needs_groups());
}

void EvaluationChoice::check_error_score() {
  if (!error_score_words_) return;
  error_score_.raises = *error_score_words_ == "raise";
  if (error_score_.raises) return;
  const Value value = parse_value(*error_score_words_);
  if (!value.is_number()) {
    throw UsageError(
        fmt::format("--error-score takes a number, nan or raise, got {}", *error_score_words_));
  }
  error_score_.value = value.as_double();
}

void EvaluationChoice::check_groups_are_used(bool needed) const {
  if (needed || data_.options.groups.empty()) return;
  throw UsageError(
      "--groups is for splitters that keep groups together, such as --cv \"GroupKFold(5)\"; this "
      "one does not look at them");
}

void EvaluationChoice::check_metric_names() const {
  std::set<std::string> seen;
  for (const std::string& name : metrics_) {
    if (!seen.insert(name).second) throw UsageError(fmt::format("--scoring names {} twice", name));
    find_metric(name);
  }
}

std::string EvaluationChoice::folds_in_words() const {
  return has_no_folds() ? "trained and scored on all rows" : splitter_->expression();
}

FoldedData EvaluationChoice::open(Context& context, const std::string& path,
                                  const Estimator& estimator) {
  const std::shared_ptr<Dataset> data = data_.open(context, path).dataset();
  collectively(context.comm(), [&] {
    check_can_train(estimator, *data);
    if (metrics_.empty()) metrics_.push_back(default_metric(estimator));
  });
  const Index classes = outcomes_of(context.comm(), estimator, *data);
  collectively(context.comm(), [&] {
    for (const std::string& name : metrics_) metric_for(estimator, classes, name);
  });
  if (has_no_folds()) return {data, {nullptr}};
  const Folds folds = splitter_->split(context.engine(), data);
  for (const std::string& w : folds.warnings) context.warn(w);
  return {data, named(folds.splits, context)};
}

FoldedData EvaluationChoice::open_fraction(Context& context, const std::string& path,
                                           const FoldedData& all, double fraction) {
  if (fraction >= 1.0) return all;
  DataChoice some = data_;
  some.options.sample = data_.options.sample.value_or(1.0) * fraction;
  const std::shared_ptr<Dataset> data = some.open(context, path).dataset();
  if (has_no_folds()) return {data, {nullptr}};
  return {data, named(splitter_->split(context.engine(), data).splits, context)};
}

std::vector<SplitPtr> EvaluationChoice::named(const std::vector<SplitPtr>& splits,
                                              const Context& context) const {
  const Index seed = context.common().seed;
  std::vector<SplitPtr> all;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    Split split = *splits[i];
    split.name = fmt::format("{} #{} (seed {})", splitter_->expression(), i, seed);
    all.push_back(std::make_shared<Split>(std::move(split)));
  }
  return all;
}

}  // namespace superstep::app
