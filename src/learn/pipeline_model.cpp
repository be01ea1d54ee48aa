// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/pipeline_model.hpp>

#include <algorithm>
#include <utility>

namespace superstep {

PipelineModel::PipelineModel(std::vector<Step> steps) : steps_(std::move(steps)) {
  for (const Step& step : steps_) {
    const FitReport& r = step.model->report();
    report_.converged = report_.converged && r.converged;
    report_.n_iter = r.n_iter;  // the last step's, as scikit-learn users look at it
    for (const std::string& w : r.warnings) report_.warnings.push_back(step.name + ": " + w);
  }
}

MayMiss PipelineModel::may_miss(const MayMiss& behind) const {
  MayMiss where = behind;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    where = step->model->may_miss(where);
  }
  return where;
}

Schema PipelineModel::columns_behind(const Schema& in) const {
  Schema columns = in;
  for (const Step& step : steps_) columns = step.model->columns_behind(columns);
  return columns;
}

void PipelineModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  apply_from(0, method, x, out);
}

void PipelineModel::apply_from(std::size_t first, Method method, math::ConstPanel x,
                               math::Panel out) const {
  std::vector<double> from, to;
  for (std::size_t i = first; i + 1 < steps_.size(); ++i) {
    const Model& model = *steps_[i].model;
    const Index width = model.width(Method::transform);
    to.resize(static_cast<std::size_t>(x.rows * width));
    model.apply(Method::transform, x, {to.data(), x.rows, width});
    std::swap(from, to);
    x = {from.data(), x.rows, width};
  }
  last().apply(method, x, out);
}

// Sparse rows stay sparse as far as steps leave them so.
void PipelineModel::apply_sparse(Method method, const SparseRows& x, Index rows,
                                 math::Panel out) const {
  SparseRowsOut made[2];
  const SparseRows* seen = &x;
  std::size_t i = 0;
  for (; i + 1 < steps_.size() && steps_[i].model->keeps_sparse(); ++i) {
    SparseRowsOut& next = made[i % 2];
    next.begin(steps_[i].model->width(Method::transform));
    steps_[i].model->transform_sparse(*seen, rows, next);
    seen = &next.rows();
  }
  if (i + 1 == steps_.size()) return last().apply_sparse(method, *seen, rows, out);
  const Index width = steps_[i].model->width(Method::transform);
  std::vector<double> dense(static_cast<std::size_t>(rows * width));
  steps_[i].model->apply_sparse(Method::transform, *seen, rows, {dense.data(), rows, width});
  apply_from(i + 1, method, {dense.data(), rows, width}, out);
}

bool PipelineModel::keeps_sparse() const {
  return std::ranges::all_of(steps_, [](const Step& s) { return s.model->keeps_sparse(); });
}

void PipelineModel::transform_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  SparseRowsOut made[2];
  const SparseRows* seen = &in;
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
    SparseRowsOut& next = made[i % 2];
    next.begin(steps_[i].model->width(Method::transform));
    steps_[i].model->transform_sparse(*seen, rows, next);
    seen = &next.rows();
  }
  last().transform_sparse(*seen, rows, out);
}

void PipelineModel::save(const AttributeWriter& out) const {
  std::vector<std::string> names;
  for (const Step& step : steps_) {
    names.push_back(step.name);
    step.model->save(out.below("steps/" + step.name + "/"));
  }
  Length steps, columns;
  out("step_names", names, steps);
  out.size("n_features_in_", columns, features());
}

}  // namespace superstep
