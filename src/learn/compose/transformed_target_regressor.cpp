// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/compose/transformed_target_regressor.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/data/target_function.hpp>
#include <superstep/learn/registry.hpp>

#include "learn/inner_trainings.hpp"
#include "learn/preprocessing/named_functions.hpp"

namespace superstep {

namespace {

using P = TransformedTargetRegressorParams;
constexpr const char* inner = "regressor";
constexpr std::string_view inner_prefix = "regressor__";

std::shared_ptr<const Estimator> regressor_of(const P& params) {
  if (params.regressor.is_none()) return make_estimator("LinearRegression()");
  return make_estimator(expression_of(params.regressor));
}

class ByFunction final : public TargetFunction {
 public:
  ByFunction(Index columns, std::string name)
      : TargetFunction(columns), name_(std::move(name)), function_(named_function(name_)) {}
  void apply_to_targets(const double* in, Index count, double* out) const override {
    for (Index i = 0; i < count; ++i) {
      out[i] = function_(in[i]);
      if (std::isfinite(out[i]) || !std::isfinite(in[i])) continue;
      throw DataError(fmt::format(
          "TransformedTargetRegressor: func={} makes NaN or infinity of some targets", name_));
    }
  }

 private:
  std::string name_;
  NumberFunction function_;
};

class TransformedModel final : public Model {
 public:
  TransformedModel(ModelPtr regressor, NumberFunction inverse)
      : regressor_(std::move(regressor)), inverse_(inverse) {
    report_ = regressor_->report();
  }
  void warn(std::string warning) { report_.warnings.push_back(std::move(warning)); }
  Index features() const override { return regressor_->features(); }
  bool can(Method method) const override { return method == Method::predict; }
  Index width(Method method) const override { return regressor_->width(method); }
  using Model::may_miss;
  MayMiss may_miss(const MayMiss& behind) const override { return regressor_->may_miss(behind); }
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    regressor_->apply(method, x, out);
    if (inverse_ == nullptr) return;
    for (Index i = 0; i < x.rows; ++i) {
      for (Index t = 0; t < out.columns; ++t) out.row(i)[t] = inverse_(out.row(i)[t]);
    }
  }
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override {
    auto raw = regressor_->in_front_of(map);
    if (!raw) return nullptr;
    auto model = std::make_shared<TransformedModel>(std::move(raw), inverse_);
    model->set_expression(expression());
    return model;
  }
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, features());
    regressor_->save(out.below("regressor_/"));
  }

 private:
  ModelPtr regressor_;
  NumberFunction inverse_;
};

/// Whether each undoes the other, of numbers that both take, as scikit-learn looks at some targets.
bool are_inverse(const P& p) {
  const NumberFunction there = named_function(*p.func), back = named_function(*p.inverse_func);
  for (const double y : {0.125, 0.5, 0.75}) {
    if (!(std::fabs(back(there(y)) - y) <= 1e-8 + 1e-5 * y)) return false;
  }
  return true;
}

std::shared_ptr<TransformedModel> model_of(const P& p, ModelPtr regressor) {
  auto model = std::make_shared<TransformedModel>(
      std::move(regressor), p.inverse_func ? named_function(*p.inverse_func) : nullptr);
  if (p.check_inverse && p.func && !are_inverse(p)) {
    model->warn(
        "The provided functions are not strictly inverse of each other. If you are sure you want "
        "to proceed regardless, set 'check_inverse=False'");
  }
  return model;
}

InnerTrainings trainings_of(std::span<const Candidate> batch) {
  InnerTrainings all;
  for (const Candidate& c : batch) {
    const P& params = dynamic_cast<const TransformedTargetRegressor&>(*c.estimator).params();
    all.add(regressor_of(params), c, params.func.value_or(""));
  }
  return all;
}

}  // namespace

const ParamTable<TransformedTargetRegressorParams>& TransformedTargetRegressor::param_table() {
  static const auto table =
      ParamTable<P>("TransformedTargetRegressor",
                    "A regressor of what a function makes of the targets; predictions are turned "
                    "back.")
          .add("regressor", &P::regressor, anything(), "the regressor; None: LinearRegression()")
          .refuse("transformer", {nullptr}, "name a function: func=np.log1p, inverse_func=np.expm1")
          .add("func", &P::func, one_of(function_names()), "what the targets are turned into")
          .add("inverse_func", &P::inverse_func, one_of(function_names()),
               "what turns predictions back")
          .add("check_inverse", &P::check_inverse, anything(),
               "warn where one does not undo the other")
          .positional(1);
  return table;
}

bool TransformedTargetRegressor::takes_targets() const {
  return regressor_of(params())->takes_targets();
}

void TransformedTargetRegressor::apply(const EstimatorExpression& expression) {
  EstimatorOf::apply(expression);
  if (params().regressor.is_none()) return;
  if (!params().regressor.is_call()) {
    throw UsageError(
        fmt::format("TransformedTargetRegressor: {} is no estimator; "
                    "TransformedTargetRegressor(Ridge(), func=np.log1p, "
                    "inverse_func=np.expm1)",
                    params().regressor.repr()));
  }
  EstimatorOf::set(inner, parse_value(regressor_of(params())->expression()));
}

void TransformedTargetRegressor::set(std::string_view param, const Value& value) {
  if (!param.starts_with(inner_prefix)) {
    return apply({"TransformedTargetRegressor", {{std::string(param), value}}, {}});
  }
  const auto regressor = regressor_of(params())->clone();
  regressor->set(param.substr(inner_prefix.size()), value);
  EstimatorOf::set(inner, parse_value(regressor->expression()));
}

Value TransformedTargetRegressor::get(std::string_view param) const {
  if (!param.starts_with(inner_prefix)) return EstimatorOf::get(param);
  return regressor_of(params())->get(param.substr(inner_prefix.size()));
}

void TransformedTargetRegressor::check_params() const {
  EstimatorOf::check_params();
  const auto regressor = regressor_of(params());
  regressor->check_params();
  if (regressor->kind() != Kind::regressor) {
    throw UsageError(
        fmt::format("TransformedTargetRegressor: {} is no regressor", regressor->name()));
  }
  if (params().func.has_value() != params().inverse_func.has_value()) {
    const char* const given = params().func ? "func" : "inverse_func";
    const char* const lacking = params().func ? "inverse_func" : "func";
    throw UsageError(
        fmt::format("TransformedTargetRegressor: When '{}' is provided, '{}' must "
                    "also be provided",
                    given, lacking));
  }
}

MayMiss TransformedTargetRegressor::may_miss(const Schema* columns, const MayMiss& behind) const {
  return regressor_of(params())->may_miss(columns, behind);
}

void TransformedTargetRegressor::check_columns(const Schema& columns) const {
  regressor_of(params())->check_columns(columns);
}

Footprint TransformedTargetRegressor::footprint(Index columns, Index classes,
                                                std::span<const Candidate> batch) const {
  Footprint need = trainings_of(batch).footprint(columns, classes);
  need.row_doubles += std::max<Index>(classes, 1);  // targets made of those of a block
  return need;
}

Footprint TransformedTargetRegressor::ample_footprint(Index columns, Index classes,
                                                      std::span<const Candidate> batch) const {
  Footprint ample = trainings_of(batch).ample_footprint(columns, classes);
  ample.row_doubles += std::max<Index>(classes, 1);
  return ample;
}

TrainingCost TransformedTargetRegressor::cost(Index columns, Index classes,
                                              std::span<const Candidate> batch) const {
  return trainings_of(batch).cost(columns, classes);
}

std::vector<Trained> TransformedTargetRegressor::train(Engine& engine, const Table& table,
                                                       Batch batch) const {
  InnerTrainings trainings;
  for (const auto& c : batch) {
    Candidate seen{nullptr, c.split, c.features};
    seen.columns = c.columns;
    trainings.add(regressor_of(c.params), seen, c.params.func.value_or(""));
  }
  for (auto& [key, t] : trainings.all()) {
    Table its = table;
    if (!key.first.empty()) {
      its = table.through(std::make_shared<ByFunction>(table.columns(), key.first));
    }
    t.trained = t.estimators.front()->fit_batch(engine, its, t.candidates);
  }
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Trained& one = trainings.of(i);
    Trained turned;  // what training told of held-out rows is told of other targets
    turned.failure = one.failure;
    if (!one.failure) turned = Trained(model_of(batch[i].params, one.model));
    models.push_back(std::move(turned));
  }
  return models;
}

std::shared_ptr<Model> TransformedTargetRegressor::load_fitted(const AttributeReader& in) const {
  Length columns;
  in.size("n_features_in_", columns);
  ModelPtr regressor = regressor_of(params())->load(in.below("regressor_/"));
  if (regressor->features() != columns.value) {
    throw DataError(fmt::format("{} does not fit its regressor", in.path("n_features_in_")));
  }
  return model_of(params(), std::move(regressor));
}

}  // namespace superstep
