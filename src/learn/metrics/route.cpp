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
  /// What comes out is in sparse form, if full.
  bool keeps_sparse() const override { return true; }
  void apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const override;
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

void OutputMap::apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  std::vector<double> values(static_cast<std::size_t>(rows * columns_out()));
  const math::Panel panel(values.data(), rows, columns_out());
  const ModelPtr model = joined(*route_);
  for (const MetricPlan::Output& o : plan_->outputs()) {
    model->apply_sparse(o.method, in, rows,
                        {panel.data + o.column, rows, route_->last->width(o.method), panel.stride});
  }
  put_all(panel, out);
}

}  // namespace

void put_all(math::ConstPanel rows, SparseRowsOut& out) {
  for (Index i = 0; i < rows.rows; ++i) {
    for (Index c = 0; c < rows.columns; ++c) out.put(static_cast<std::int32_t>(c), rows.row(i)[c]);
    out.end_row();
  }
}

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

ModelPtr joined(const Route& route) {
  if (route.transformers.empty()) return route.last;
  std::vector<PipelineModel::Step> steps;
  for (const ModelPtr& transformer : route.transformers) steps.push_back({"", transformer});
  steps.push_back({"", route.last});
  return std::make_shared<PipelineModel>(std::move(steps));
}

void apply_plan(const MetricPlan& plan, const Model& last, math::ConstPanel x, math::Panel out) {
  for (const MetricPlan::Output& output : plan.outputs()) {
    last.apply(output.method, x,
               {out.data + output.column, x.rows, last.width(output.method), out.stride});
  }
}

void apply_plan(const MetricPlan& plan, const Model& last, const SparseRows& x, Index rows,
                math::Panel out) {
  for (const MetricPlan::Output& output : plan.outputs()) {
    last.apply_sparse(output.method, x, rows,
                      {out.data + output.column, rows, last.width(output.method), out.stride});
  }
}

std::shared_ptr<const RowMap> output_map(const Route& route, const MetricPlan& plan) {
  return std::make_shared<OutputMap>(route, plan);
}

}  // namespace superstep
