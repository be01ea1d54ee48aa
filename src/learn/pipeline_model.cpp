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

template <class F>
math::ConstPanel PipelineModel::before_last(std::size_t first, math::ConstPanel x,
                                            std::vector<double>& from, F&& each) const {
  std::vector<double> to;
  for (std::size_t i = first; i + 1 < steps_.size(); ++i) {
    const Model& model = *steps_[i].model;
    const Index width = model.width(Method::transform);
    to.resize(static_cast<std::size_t>(x.rows * width));
    each(model, x, math::Panel(to.data(), x.rows, width));
    std::swap(from, to);
    x = {from.data(), x.rows, width};
  }
  return x;
}

void PipelineModel::apply(Method method, math::ConstPanel x, math::Panel out) const {
  apply_from(0, method, x, out);
}

void PipelineModel::apply_from(std::size_t first, Method method, math::ConstPanel x,
                               math::Panel out) const {
  std::vector<double> from;
  const auto transform = [](const Model& model, math::ConstPanel in, math::Panel to) {
    model.apply(Method::transform, in, to);
  };
  last().apply(method, before_last(first, x, from, transform), out);
}

bool PipelineModel::is_cross_fitted() const {
  return std::ranges::any_of(steps_, [](const Step& s) { return s.model->is_cross_fitted(); });
}

void PipelineModel::transform_in_training(const Block& block, math::ConstPanel x,
                                          math::Panel out) const {
  std::vector<double> from;
  const auto transform = [&](const Model& model, math::ConstPanel in, math::Panel to) {
    model.transform_in_training(block, in, to);
  };
  last().transform_in_training(block, before_last(0, x, from, transform), out);
}

// Sparse rows stay sparse as far as steps leave them so, behind which there are a few at a time.
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
  const Model& step = *steps_[i].model;
  Matrix dense(std::min(rows_written_out, rows), step.width(Method::transform));
  SparseRows few = *seen;
  for (Index first = 0; first < rows; first += rows_written_out) {
    const Index n = std::min(rows_written_out, rows - first);
    few.begin = seen->begin + first;
    few.end = seen->end + first;
    const math::Panel some = math::Panel(dense).middle_rows(0, n);
    step.apply_sparse(Method::transform, few, n, some);
    apply_from(i + 1, method, some, out.middle_rows(first, n));
  }
}

Index PipelineModel::sparse_scratch(Method method) const {
  const auto writes_out = std::ranges::find_if(
      steps_.begin(), steps_.end() - 1, [](const Step& s) { return !s.model->keeps_sparse(); });
  if (writes_out == steps_.end() - 1) return last().sparse_scratch(method);
  Index widest = 0;
  for (auto step = writes_out; step != steps_.end() - 1; ++step) {
    widest = std::max(widest, step->model->width(Method::transform));
  }
  return writes_out->model->sparse_scratch(Method::transform) + 3 * rows_written_out * widest;
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
