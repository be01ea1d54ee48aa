// SPDX-License-Identifier: BSD-3-Clause
// Which outputs of a model some metrics need, and where they lie in a row of outputs.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

/// One column of outputs that rows are ranked by, and the class it speaks for.
struct RankedColumn {
  Index output;
  Index positive;
  bool is_negated = false;  ///< the column speaks for the other class of two
};

/// Several metrics of one model, all from the same outputs.
class MetricPlan {
 public:
  /// UsageError as metric_for(). `width`: of a method's output.
  MetricPlan(const Subject& subject, const std::function<Index(Method)>& width,
             std::span<const std::string> names);
  MetricPlan(const Model& model, std::span<const std::string> names);

  const std::vector<const Metric*>& metrics() const { return metrics_; }
  bool needs(Statistic statistic) const { return (needs_ & static_cast<unsigned>(statistic)) != 0; }
  unsigned needs() const { return needs_; }  ///< Statistic bits
  Kind kind() const { return kind_; }
  Index classes() const { return classes_; }
  /// Of a regressor, each in a column of `predict`.
  Index targets() const { return targets_; }
  /// The class that binary metrics are about, -1 for the last. Of two classes.
  Index positive() const { return positive_; }
  /// The same of likelihood ratios, for which scikit-learn has another rule.
  Index positive_of_ratios() const { return chosen_; }
  /// For all of them; -1: as positive_class() says.
  void choose_positive(Index positive);

  struct Output {
    Method method;
    Index column;  ///< where it begins
  };
  const std::vector<Output>& outputs() const { return outputs_; }
  Index width() const { return width_; }
  /// Where a method's output begins; only for those that outputs() lists.
  Index column_of(Method method) const;
  /// Where decision_function begins, else predict_proba.
  Index score_column() const;
  const std::vector<RankedColumn>& ranked_by_score() const { return by_score_; }
  const std::vector<RankedColumn>& ranked_by_probability() const { return by_probability_; }

 private:
  void set_positive(Index positive);
  void add_output(Method method, Index width);
  /// One for each class, of two the last.
  std::vector<RankedColumn> class_columns(Index first) const;

  std::vector<const Metric*> metrics_;
  unsigned needs_ = 0;
  Kind kind_;
  Index classes_ = 0;
  Index targets_ = 1;
  Index positive_ = -1;
  Index chosen_ = -1;
  std::vector<Output> outputs_;
  Index width_ = 0;
  std::vector<RankedColumn> by_score_;
  std::vector<RankedColumn> by_probability_;
};

}  // namespace superstep
