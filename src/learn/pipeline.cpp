// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/pipeline.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/expression.hpp>
#include <superstep/core/suggest.hpp>

namespace superstep {

namespace {

class PipelineModel final : public Model {
 public:
  struct Step {
    std::string name;
    ModelPtr model;
  };

  explicit PipelineModel(std::vector<Step> steps) : steps_(std::move(steps)) {
    for (const Step& step : steps_) {
      const FitReport& r = step.model->report();
      report_.converged = report_.converged && r.converged;
      report_.n_iter = r.n_iter;  // the last step's, as scikit-learn users look at it
      for (const std::string& w : r.warnings) report_.warnings.push_back(step.name + ": " + w);
    }
  }

  Index features() const override { return steps_.front().model->features(); }
  bool can(Method method) const override { return last().can(method); }
  Index width(Method method) const override { return last().width(method); }
  const Labels* classes() const override { return last().classes(); }
  bool takes_nan() const override {
    return std::ranges::all_of(steps_, [](const Step& s) { return s.model->takes_nan(); });
  }

  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    std::vector<double> from, to;
    for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
      const Model& model = *steps_[i].model;
      const Index width = model.width(Method::transform);
      to.resize(static_cast<std::size_t>(x.rows * width));
      model.apply(Method::transform, x, {to.data(), x.rows, width});
      std::swap(from, to);
      x = {from.data(), x.rows, width};
    }
    last().apply(method, x, out);
  }

  void save(const AttributeWriter& out) const override {
    std::vector<std::string> names;
    for (const Step& step : steps_) {
      names.push_back(step.name);
      step.model->save(out.below("steps/" + step.name + "/"));
    }
    out.add("step_names", names);
  }

 private:
  const Model& last() const { return *steps_.back().model; }
  std::vector<Step> steps_;
};

}  // namespace

Pipeline::Pipeline(std::vector<Step> steps) : steps_(std::move(steps)) {
  if (steps_.empty()) throw UsageError("a pipeline needs at least one step");
  for (std::size_t i = 0; i + 1 < steps_.size(); ++i) {
    if (steps_[i].estimator->kind() != Kind::transformer) {
      throw UsageError(
          fmt::format("step '{}' ({}) is no transformer; only the last step of a "
                      "pipeline may be another kind of estimator",
                      steps_[i].name, steps_[i].estimator->name()));
    }
  }
}

Pipeline::Pipeline(const Pipeline& other) : Estimator(other) {
  for (const Step& s : other.steps_) steps_.push_back({s.name, s.estimator->clone()});
}

bool Pipeline::takes_nan() const {
  return std::ranges::all_of(steps_, [](const Step& s) { return s.estimator->takes_nan(); });
}

std::string Pipeline::expression() const {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const Step& s : steps_) parts.emplace_back(s.name, s.estimator->expression());
  return pipeline_repr(parts);
}

std::pair<Estimator*, std::string_view> Pipeline::find(std::string_view param) const {
  const std::size_t at = param.find("__");
  const std::string_view step = param.substr(0, at);
  std::vector<std::string> names;
  for (const Step& s : steps_) {
    if (s.name == step && at != std::string_view::npos) {
      return {s.estimator.get(), param.substr(at + 2)};
    }
    names.push_back(s.name);
  }
  throw UsageError(fmt::format(
      "a pipeline's parameters are written STEP__PARAMETER, and it has no step '{}'; {}", step,
      did_you_mean(step, names)));
}

void Pipeline::set(std::string_view param, const Value& value) {
  const auto [estimator, name] = find(param);
  estimator->set(name, value);
}

Value Pipeline::get(std::string_view param) const {
  const auto [estimator, name] = find(param);
  return estimator->get(name);
}

void Pipeline::check_params() const {
  for (const Step& s : steps_) s.estimator->check_params();
}

Footprint Pipeline::footprint(Index columns, Index classes) const {
  // How many columns a step makes is known when it is fitted; it is seldom more than it was given.
  Footprint most;
  for (const Step& s : steps_) most = most | s.estimator->footprint(columns, classes);
  return most;
}

std::vector<ModelPtr> Pipeline::fit_batch(Engine& engine, const Table& table,
                                          std::span<const Estimator* const> candidates) const {
  std::vector<ModelPtr> models;
  for (const Estimator* c : candidates) {
    models.push_back(dynamic_cast<const Pipeline&>(*c).fit_one(engine, table));
  }
  return models;
}

ModelPtr Pipeline::fit_one(Engine& engine, const Table& table) const {
  std::vector<PipelineModel::Step> fitted;
  Table seen = table;
  for (const Step& step : steps_) {
    engine.set_task(step.estimator->name());
    const Estimator* one = step.estimator.get();
    // A step that learns nothing from the targets sees the same blocks, with the targets in them.
    ModelPtr model = one->fit_batch(engine, seen, std::span(&one, 1)).front();
    fitted.push_back({step.name, model});
    if (&step != &steps_.back()) seen = seen.through(row_map(model));
  }
  auto model = std::make_shared<PipelineModel>(std::move(fitted));
  model->set_expression(expression());
  return model;
}

void Pipeline::apply(const EstimatorExpression& expression) {
  throw UsageError(fmt::format("a pipeline is no single estimator '{}'", expression.name));
}

std::shared_ptr<Model> Pipeline::load_fitted(const AttributeReader& in) const {
  std::vector<PipelineModel::Step> models;
  for (const Step& step : steps_) {
    models.push_back({step.name, step.estimator->load(in.below("steps/" + step.name + "/"))});
  }
  return std::make_shared<PipelineModel>(std::move(models));
}

Pipeline make_pipeline_of(std::vector<std::unique_ptr<Estimator>> estimators) {
  std::vector<std::string> names;
  for (const auto& e : estimators) names.push_back(e->name());
  names = step_names(names);
  std::vector<Pipeline::Step> steps;
  for (std::size_t i = 0; i < estimators.size(); ++i) {
    steps.push_back({names[i], std::move(estimators[i])});
  }
  return Pipeline(std::move(steps));
}

}  // namespace superstep
