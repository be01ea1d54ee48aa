// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/plan.hpp>

#include <algorithm>

namespace superstep {

MetricPlan::MetricPlan(const Model& model, std::span<const std::string> names)
    : kind_(kind_of(model)), classes_(model.classes() != nullptr ? model.classes()->size() : 0) {
  for (const std::string& name : names) {
    metrics_.push_back(&metric_for(model, name));
    needs_ |= static_cast<unsigned>(metrics_.back()->needs);
  }
  using enum Statistic;
  if (needs(counts) || needs(squared_errors) || needs(absolute_errors) || needs(largest_error) ||
      needs(poisson)) {
    add_output(model, Method::predict);
  }
  const bool has_scores = model.can(Method::decision_function);
  if (needs(log_loss) || needs(probability_ranking) || (needs(score_ranking) && !has_scores)) {
    add_output(model, Method::predict_proba);
  }
  if (needs(score_ranking) && has_scores) add_output(model, Method::decision_function);
  if (needs(inertia)) add_output(model, Method::transform);
  if (needs(score_ranking)) {
    by_score_ =
        has_scores ? std::vector<RankedColumn>{{column_of(Method::decision_function), classes_ - 1}}
                   : probability_columns();
  }
  if (needs(probability_ranking)) by_probability_ = probability_columns();
}

void MetricPlan::add_output(const Model& model, Method method) {
  outputs_.push_back({method, width_});
  width_ += model.width(method);
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

namespace {

class OutputMap final : public RowMap {
 public:
  OutputMap(const Model& model, const MetricPlan& plan) : model_(&model), plan_(&plan) {}
  Index columns_in() const override { return model_->features(); }
  Index columns_out() const override { return plan_->width(); }
  void apply(const double* in, Index rows, double* out) const override {
    for (const MetricPlan::Output& output : plan_->outputs()) {
      model_->apply(output.method, {in, rows, columns_in()},
                    {out + output.column, rows, model_->width(output.method), plan_->width()});
    }
  }

 private:
  const Model* model_;
  const MetricPlan* plan_;
};

}  // namespace

std::shared_ptr<const RowMap> output_map(const Model& model, const MetricPlan& plan) {
  return std::make_shared<OutputMap>(model, plan);
}

}  // namespace superstep
