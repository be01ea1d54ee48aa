// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/pipeline.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/expression.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/learn/pipeline_model.hpp>
#include <superstep/learn/registry.hpp>

#include "learn/step_targets.hpp"

namespace superstep {

namespace {

void check_transforms(std::string_view step, const Estimator& estimator) {
  if (estimator.transforms_targets()) {
    throw UsageError(fmt::format(
        "step '{}' ({}) transforms targets, not columns; leave it out: targets that are text are "
        "classes already, and OrdinalEncoder is for columns",
        step, estimator.name()));
  }
  if (estimator.kind() == Kind::transformer) return;
  throw UsageError(fmt::format(
      "step '{}' ({}) is no transformer; only the last step of a pipeline may be another "
      "kind of estimator",
      step, estimator.name()));
}

std::vector<TargetUser> users_of(const std::vector<Pipeline::Step>& steps) {
  std::vector<TargetUser> users;
  for (const Pipeline::Step& s : steps) users.push_back({s.name, s.estimator.get()});
  return users;
}

}  // namespace

Pipeline::Pipeline(std::vector<Step> steps) : steps_(std::move(steps)) {
  if (steps_.empty()) throw UsageError("a pipeline needs at least one step");
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Estimator& estimator = *steps_[i].estimator;
    if (i + 1 < steps_.size() || estimator.transforms_targets()) {
      check_transforms(steps_[i].name, estimator);
    }
  }
}

Pipeline::Pipeline(const Pipeline& other) : Estimator(other) {
  for (const Step& s : other.steps_) steps_.push_back({s.name, s.estimator->clone()});
}

Target Pipeline::target() const { return target_of_all(users_of(steps_)); }

bool Pipeline::follows_targets() const { return all_follow(users_of(steps_)); }

const Estimator* Pipeline::taker_of_one_target() const {
  return superstep::taker_of_one_target(users_of(steps_));
}

MayMiss Pipeline::may_miss(const Schema* columns, const MayMiss& behind) const {
  MayMiss where = behind;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    where = step->estimator->may_miss(step + 1 == steps_.rend() ? columns : nullptr, where);
  }
  return where;
}

std::string Pipeline::expression() const {
  std::vector<std::pair<std::string, std::string>> parts;
  for (const Step& s : steps_) parts.emplace_back(s.name, s.estimator->expression());
  return pipeline_repr(parts);
}

// Behind different transformers only those share passes that take the transformers' maps into their
// mathematics.
std::string Pipeline::family() const {
  std::string text;
  for (const Step& s : steps_) {
    const bool is_named_only = &s == &steps_.back() || last().fusion().dense_maps;
    text += (text.empty() ? "" : " | ");
    text += is_named_only ? s.estimator->family() : s.estimator->expression();
  }
  return text;
}

Pipeline::Step* Pipeline::find_step(std::string_view name) {
  const auto found = std::ranges::find(steps_, name, &Step::name);
  return found == steps_.end() ? nullptr : &*found;
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
  if (Step* step = find_step(param)) {
    if (value.is_none() || value == Value("passthrough")) {  // the rows pass as they are
      if (steps_.size() == 1)
        throw UsageError("a pipeline needs at least one step that does something");
      std::erase_if(steps_, [&](const Step& s) { return s.name == param; });
      return;
    }
    auto estimator = make_estimator(expression_of(value));
    if (step != &steps_.back()) check_transforms(param, *estimator);
    step->estimator = std::move(estimator);
    return;
  }
  const auto [estimator, name] = find(param);
  estimator->set(name, value);
}

Value Pipeline::get(std::string_view param) const {
  const auto whole = std::ranges::find(steps_, param, &Step::name);
  if (whole != steps_.end()) return parse_value(whole->estimator->expression());
  const auto [estimator, name] = find(param);
  return estimator->get(name);
}

void Pipeline::check_params() const {
  for (const Step& s : steps_) s.estimator->check_params();
  check_targets_agree("a pipeline", users_of(steps_));
}

void Pipeline::apply(const EstimatorExpression& expression) {
  throw UsageError(fmt::format("a pipeline is no single estimator '{}'", expression.name));
}

std::shared_ptr<Model> Pipeline::load_fitted(const AttributeReader& in) const {
  std::vector<std::string> names;
  Length steps{std::ssize(steps_), "the estimator"};
  in("step_names", names, steps);
  std::vector<PipelineModel::Step> models;
  for (const Step& step : steps_) {
    if (names[models.size()] != step.name) {
      throw DataError(fmt::format("{} does not name the steps of the estimator, {}",
                                  in.path("step_names"), expression()));
    }
    const std::string path = "steps/" + step.name + "/";
    models.push_back({step.name, step.estimator->load(in.below(path))});
    const Index width = models.back().model->features();
    const Index given =
        models.size() < 2 ? width : models[models.size() - 2].model->width(Method::transform);
    if (width != given) {
      throw DataError(fmt::format("{} takes {} columns, but the step before it makes {}",
                                  in.path(path), width, given));
    }
  }
  if (in.has("n_features_in_")) {  // older files leave it to the first step
    Length columns{models.front().model->features(), "the first step"};
    in.size("n_features_in_", columns);
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
