// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/route.hpp"

#include <utility>

#include <superstep/learn/pipeline_model.hpp>

namespace superstep {

namespace {

void append_steps(const ModelPtr& model, std::vector<ModelPtr>& steps) {
  const auto* pipeline = dynamic_cast<const PipelineModel*>(model.get());
  if (pipeline == nullptr) {
    steps.push_back(model);
    return;
  }
  for (const PipelineModel::Step& step : pipeline->steps()) append_steps(step.model, steps);
}

class OutputMap final : public RowMap {
 public:
  OutputMap(const Route& route, const MetricPlan& plan) : route_(&route), plan_(&plan) {}
  Index columns_in() const override {
    const auto& first = route_->transformers.empty() ? route_->last : route_->transformers.front();
    return first->features();
  }
  Index columns_out() const override { return plan_->width(); }
  void apply(const double* in, Index rows, double* out) const override {
    std::vector<double> from, to;
    math::ConstPanel x(in, rows, columns_in());
    for (const ModelPtr& transformer : route_->transformers) {
      const Index width = transformer->width(Method::transform);
      to.resize(static_cast<std::size_t>(rows * width));
      transformer->apply(Method::transform, x, {to.data(), rows, width});
      std::swap(from, to);
      x = {from.data(), rows, width};
    }
    apply_plan(*plan_, *route_->last, x, {out, rows, columns_out()});
  }

 private:
  const Route* route_;
  const MetricPlan* plan_;
};

}  // namespace

Route route_of(const ModelPtr& model) {
  Route route;
  append_steps(model, route.transformers);
  route.last = route.transformers.back();
  route.transformers.pop_back();
  // As many of the last transformers as the model can see through.
  AffineMapPtr map;
  ModelPtr in_front;
  std::size_t seen_through = route.transformers.size();
  for (std::size_t k = seen_through; k-- > 0;) {
    const AffineMapPtr affine = route.transformers[k]->affine();
    if (!affine) break;
    map = composed(affine, map);
    ModelPtr candidate = route.last->in_front_of(*map);
    if (!candidate) continue;
    in_front = std::move(candidate);
    seen_through = k;
  }
  if (in_front) {
    route.transformers.resize(seen_through);
    route.last = std::move(in_front);
  }
  return route;
}

void apply_plan(const MetricPlan& plan, const Model& last, math::ConstPanel x, math::Panel out) {
  for (const MetricPlan::Output& output : plan.outputs()) {
    last.apply(output.method, x,
               {out.data + output.column, x.rows, last.width(output.method), out.stride});
  }
}

std::shared_ptr<const RowMap> output_map(const Route& route, const MetricPlan& plan) {
  return std::make_shared<OutputMap>(route, plan);
}

}  // namespace superstep
