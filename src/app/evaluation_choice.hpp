// SPDX-License-Identifier: BSD-3-Clause
// What cross-validate, search and plan have in common: the folds, the metrics, and their checks
// before any work.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/select/evaluation.hpp>
#include <superstep/select/splitter.hpp>

#include "app/command.hpp"

namespace superstep::app {

std::vector<std::string> split_at_commas(const std::string& text);

struct EvaluationChoice {
  void describe(CommandLine& line);
  /// UsageError for what is wrong whatever the data are.
  void validate(const Estimator& estimator);
  /// The data and their folds, checked against the estimator; metrics() is complete from here on.
  /// **Collective.**
  FoldedData open(Context& context, const std::string& path, const Estimator& estimator);
  /// The folds of another selection of the same file's rows: about this fraction of the blocks.
  /// **Collective.**
  FoldedData open_fraction(Context& context, const std::string& path, const FoldedData& all,
                           double fraction);

  const std::vector<std::string>& metrics() const { return metrics_; }
  std::string folds_in_words() const;
  /// From validate() on.
  const ErrorScore& error_score() const { return error_score_; }
  bool train_scores = false;

 private:
  /// --cv all: one split that is none.
  bool has_no_folds() const { return cv_ == "all"; }
  void check_metric_names() const;
  void check_error_score();
  void check_groups_are_used(bool needed) const;
  /// The splits with the names they have in the names of stages.
  std::vector<SplitPtr> named(const std::vector<SplitPtr>& splits, const Context& context) const;

  DataChoice data_;
  std::optional<std::string> cv_;
  std::optional<std::string> holdout_;
  std::optional<std::string> scoring_;
  std::optional<std::string> error_score_words_;
  ErrorScore error_score_;
  std::vector<std::string> metrics_;
  std::unique_ptr<Splitter> splitter_;
};

}  // namespace superstep::app
