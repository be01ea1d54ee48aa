// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/plan.hpp>

#include <algorithm>

namespace superstep {

MetricPlan::MetricPlan(const Model& model, std::span<const std::string> names)
    : MetricPlan(
          subject_of(model), [&](Method method) { return model.width(method); }, names) {
  if (model.classes() == nullptr || classes_ != 2) return;
  const auto takes_first = [&](const Metric* metric) {
    return metric->takes_one && positive_class(*metric, *model.classes()) == 0;
  };
  if (std::ranges::any_of(metrics_, takes_first)) set_positive(0);
}

MetricPlan::MetricPlan(const Subject& subject, const std::function<Index(Method)>& width,
                       std::span<const std::string> names)
    : kind_(subject.kind), classes_(subject.classes), targets_(subject.targets) {
  for (const std::string& name : names) {
    metrics_.push_back(&metric_for(subject, name));
    needs_ = needs_ | metrics_.back()->needs;
  }
  using enum Statistic;
  if (needs(score_curve)) needs_ = needs_ | score_ranking;
  const auto add = [&](Method method) { add_output(method, width(method)); };
  if (needs(counts) || needs(pairs) || needs(weighted_pairs) || kind_ == Kind::regressor)
    add(Method::predict);
  const bool has_scores = subject.can(Method::decision_function);
  const bool needs_scores = needs(score_ranking) || needs(best_two);
  if (needs(log_loss) || needs(brier) || needs(probability_ranking) ||
      (needs_scores && !has_scores)) {
    add(Method::predict_proba);
  }
  if (needs_scores && has_scores) add(Method::decision_function);
  if (needs(inertia)) add(Method::transform);
  if (needs(score_ranking)) {
    by_score_ =
        has_scores && classes_ <= 2
            ? std::vector<RankedColumn>{{column_of(Method::decision_function), classes_ - 1}}
            : class_columns(score_column());
  }
  if (needs(probability_ranking)) by_probability_ = class_columns(column_of(Method::predict_proba));
}

void MetricPlan::choose_positive(Index positive) {
  if (positive < 0) return;
  set_positive(positive);
  chosen_ = positive;
}

void MetricPlan::set_positive(Index positive) {
  positive_ = positive;
  if (classes_ != 2 || by_score_.empty()) return;
  const Index first = score_column();
  const bool has_scores =
      std::ranges::find(outputs_, Method::decision_function, &Output::method) != outputs_.end();
  by_score_ = {has_scores ? RankedColumn{first, positive, positive == 0}
                          : RankedColumn{first + positive, positive}};
}

void MetricPlan::add_output(Method method, Index width) {
  outputs_.push_back({method, width_});
  width_ += width;
}

std::vector<RankedColumn> MetricPlan::class_columns(Index first) const {
  if (classes_ <= 2) return {{first + classes_ - 1, classes_ - 1}};
  std::vector<RankedColumn> columns;
  for (Index c = 0; c < classes_; ++c) columns.push_back({first + c, c});
  return columns;
}

Index MetricPlan::column_of(Method method) const {
  return std::ranges::find(outputs_, method, &Output::method)->column;
}

Index MetricPlan::score_column() const {
  const bool has_scores =
      std::ranges::find(outputs_, Method::decision_function, &Output::method) != outputs_.end();
  return column_of(has_scores ? Method::decision_function : Method::predict_proba);
}

}  // namespace superstep
