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
math::ConstPanel PipelineModel::before_last(math::ConstPanel x, std::vector<double>& from,
                                            F&& each) const {
  std::vector<double> to;
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
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
  std::vector<double> from;
  const auto transform = [](const Model& model, math::ConstPanel in, math::Panel to) {
    model.apply(Method::transform, in, to);
  };
  last().apply(method, before_last(x, from, transform), out);
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
  last().transform_in_training(block, before_last(x, from, transform), out);
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
