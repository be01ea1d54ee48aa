// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/plan.hpp>

#include <algorithm>

namespace superstep {

MetricPlan::MetricPlan(const Model& model, std::span<const std::string> names)
    : MetricPlan(
          subject_of(model), [&](Method method) { return model.width(method); }, names) {}

MetricPlan::MetricPlan(const Subject& subject, const std::function<Index(Method)>& width,
                       std::span<const std::string> names)
    : kind_(subject.kind), classes_(subject.classes) {
  for (const std::string& name : names) {
    metrics_.push_back(&metric_for(subject, name));
    needs_ = needs_ | metrics_.back()->needs;
  }
  using enum Statistic;
  const auto add = [&](Method method) { add_output(method, width(method)); };
  if (needs(counts) || kind_ == Kind::regressor) add(Method::predict);
  const bool has_scores = subject.can(Method::decision_function);
  if (needs(log_loss) || needs(probability_ranking) || (needs(score_ranking) && !has_scores)) {
    add(Method::predict_proba);
  }
  if (needs(score_ranking) && has_scores) add(Method::decision_function);
  if (needs(inertia)) add(Method::transform);
  if (needs(score_ranking)) {
    by_score_ =
        has_scores ? std::vector<RankedColumn>{{column_of(Method::decision_function), classes_ - 1}}
                   : probability_columns();
  }
  if (needs(probability_ranking)) by_probability_ = probability_columns();
}

void MetricPlan::add_output(Method method, Index width) {
  outputs_.push_back({method, width_});
  width_ += width;
}

std::vector<RankedColumn> MetricPlan::probability_columns() const {
  const Index first = column_of(Method::predict_proba);
  if (classes_ <= 2) return {{first + classes_ - 1, classes_ - 1}};
  std::vector<RankedColumn> columns;
  for (Index c = 0; c < classes_; ++c) columns.push_back({first + c, c});
  return columns;
}

Index MetricPlan::column_of(Method method) const {
  return std::ranges::find(outputs_, method, &Output::method)->column;
}

}  // namespace superstep
