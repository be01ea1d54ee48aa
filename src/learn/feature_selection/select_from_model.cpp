// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_selection/select_from_model.hpp>

#include <cmath>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/learn/registry.hpp>

#include "learn/feature_selection/importances.hpp"
#include "learn/feature_selection/selection_model.hpp"
#include "learn/inner_trainings.hpp"

namespace superstep {

namespace {

using P = SelectFromModelParams;
constexpr const char* inner = "estimator";
constexpr std::string_view inner_prefix = "estimator__";

std::shared_ptr<const Estimator> estimator_of(const P& params) {
  if (params.estimator.is_none()) {
    throw UsageError("SelectFromModel needs an estimator: SelectFromModel(Lasso(alpha=0.1))");
  }
  return make_estimator(expression_of(params.estimator));
}

class SelectFromModelModel final : public SelectionModel {
 public:
  SelectFromModelModel(ModelPtr estimator, double threshold, std::vector<Index> chosen)
      : SelectionModel("SelectFromModel", estimator->features(), std::move(chosen),
                       estimator->report()),
        estimator_(std::move(estimator)),
        threshold_(threshold) {}
  void save(const AttributeWriter& out) const override {
    Length columns;
    out.size("n_features_in_", columns, features());
    out("threshold_", threshold_, allowed::any);
    out.derived("support_", support());
    estimator_->save(out.below("estimator_/"));
  }
  using SelectionModel::support;
  double threshold() const { return threshold_; }

 private:
  ModelPtr estimator_;
  double threshold_;
};

std::shared_ptr<SelectFromModelModel> model_of(const P& p, const Estimator& estimator,
                                               const ModelPtr& fitted) {
  const Vector importances = importances_of(*fitted, p.importance_getter, p.norm_order);
  const double threshold = threshold_of(p.threshold, estimator, *fitted, importances);
  return std::make_shared<SelectFromModelModel>(
      fitted, threshold, important_columns(importances, threshold, p.max_features));
}

InnerTrainings trainings_of(std::span<const Candidate> batch) {
  InnerTrainings all;
  for (const Candidate& c : batch) {
    all.add(estimator_of(dynamic_cast<const SelectFromModel&>(*c.estimator).params()), c);
  }
  return all;
}

bool is_order(const Value& v) {
  if (v.is_int()) return v.as_int() != 0;
  return v.is_real() && std::isinf(v.as_double());
}

}  // namespace

const ParamTable<SelectFromModelParams>& SelectFromModel::param_table() {
  static const auto table =
      ParamTable<P>("SelectFromModel",
                    "The columns for which an estimator's coefficients are large.")
          .add("estimator", &P::estimator, anything(),
               "any with coef_: Lasso(alpha=0.1), LogisticRegression(C=0.01, l1_ratio=1)")
          .add("threshold", &P::threshold,
               satisfies("None, a number, 'mean', 'median' or '1.25*mean'", is_threshold),
               "the least size that counts; None: 1e-5 where an L1 penalty makes zeros, else the "
               "mean")
          .refuse("prefit", {false}, "the estimator is trained on the rows of each fold")
          .add(
              "norm_order", &P::norm_order, satisfies("an int but 0, np.inf or -np.inf", is_order),
              "of several coefficients for a column, one a class or target, the norm of this order")
          .add("max_features", &P::max_features,
               satisfies(
                   "None or an int >= 1",
                   [](const Value& v) { return v.is_none() || (v.is_int() && v.as_int() >= 0); }),
               "how many columns are kept at most")
          .add("importance_getter", &P::importance_getter, anything(),
               "the fitted attribute that tells: 'auto' is coef_, of a pipeline "
               "'named_steps.ridge.coef_'")
          .positional(1);
  return table;
}

Target SelectFromModel::target() const {
  return params().estimator.is_none() ? Target::none : estimator_of(params())->target();
}

bool SelectFromModel::takes_targets() const {
  return !params().estimator.is_none() && estimator_of(params())->takes_targets();
}

void SelectFromModel::apply(const EstimatorExpression& expression) {
  EstimatorOf::apply(expression);
  if (params().estimator.is_none()) return;
  if (!params().estimator.is_call()) {
    throw UsageError(fmt::format("SelectFromModel: {} is no estimator; SelectFromModel(Lasso())",
                                 params().estimator.repr()));
  }
  EstimatorOf::set(inner, parse_value(estimator_of(params())->expression()));
}

void SelectFromModel::set(std::string_view param, const Value& value) {
  if (!param.starts_with(inner_prefix)) {
    return apply({"SelectFromModel", {{std::string(param), value}}, {}});
  }
  const auto estimator = estimator_of(params())->clone();
  estimator->set(param.substr(inner_prefix.size()), value);
  EstimatorOf::set(inner, parse_value(estimator->expression()));
}

Value SelectFromModel::get(std::string_view param) const {
  if (!param.starts_with(inner_prefix)) return EstimatorOf::get(param);
  return estimator_of(params())->get(param.substr(inner_prefix.size()));
}

void SelectFromModel::check_params() const {
  EstimatorOf::check_params();
  estimator_of(params())->check_params();
  if (params().max_features == Value(0)) {
    throw UsageError("SelectFromModel: max_features=0 leaves no column to learn from");
  }
}

void SelectFromModel::check_columns(const Schema& columns) const {
  estimator_of(params())->check_columns(columns);
}

Index SelectFromModel::most_columns_behind(const Schema& columns) const {
  const Index most =
      params().max_features.is_int() ? params().max_features.as_int() : columns.size();
  return columns_behind_selection(columns.size(), most);
}

Footprint SelectFromModel::footprint(Index columns, Index classes,
                                     std::span<const Candidate> batch) const {
  return trainings_of(batch).footprint(columns, classes);
}

Footprint SelectFromModel::ample_footprint(Index columns, Index classes,
                                           std::span<const Candidate> batch) const {
  return trainings_of(batch).ample_footprint(columns, classes);
}

TrainingCost SelectFromModel::cost(Index columns, Index classes,
                                   std::span<const Candidate> batch) const {
  return trainings_of(batch).cost(columns, classes);
}

std::vector<Trained> SelectFromModel::train(Engine& engine, const Table& table, Batch batch) const {
  InnerTrainings trainings;
  for (const auto& c : batch) {
    Candidate seen{nullptr, c.split, c.features};
    seen.columns = c.columns;
    trainings.add(estimator_of(c.params), seen);
  }
  for (auto& [type, t] : trainings.all()) {
    t.trained = t.estimators.front()->fit_batch(engine, table, t.candidates);
  }
  std::vector<Trained> models;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Trained& one = trainings.of(i);
    Trained selecting;
    selecting.failure = one.failure;
    if (!one.failure) {
      selecting = attempt([&]() -> Trained {
        return model_of(batch[i].params, trainings.estimator_of(i), one.model);
      });
    }
    models.push_back(std::move(selecting));
  }
  return models;
}

std::shared_ptr<Model> SelectFromModel::load_fitted(const AttributeReader& in) const {
  const auto estimator = estimator_of(params());
  Length columns;
  in.size("n_features_in_", columns);
  const ModelPtr fitted = estimator->load(in.below("estimator_/"));
  double threshold = 0.0;
  in("threshold_", threshold, allowed::any);
  auto model = model_of(params(), *estimator, fitted);
  if (model->features() != columns.value || model->threshold() != threshold) {
    throw DataError(
        fmt::format("{} does not fit the coefficients of its estimator",
                    in.path(model->features() != columns.value ? "n_features_in_" : "threshold_")));
  }
  in.derived("support_", model->support());
  return model;
}

}  // namespace superstep
