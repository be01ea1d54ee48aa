// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/logistic_regression_cv.hpp>

#include <algorithm>
#include <cmath>

#include "learn/class_weight.hpp"
#include "learn/linear_model/glm.hpp"
#include "learn/values_to_try.hpp"

namespace superstep {

namespace {

/// Those listed, or so many between 1e-4 and 1e4.
std::vector<double> Cs_of(const Value& Cs) {
  if (Cs.is_sequence()) return numbers_of(Cs);
  std::vector<double> all;
  const auto n = Cs.as_int();
  for (std::int64_t i = 0; i < n; ++i) {
    const double step = 8.0 / static_cast<double>(std::max<std::int64_t>(n - 1, 1));
    all.push_back(std::pow(10.0, i > 0 && i == n - 1 ? 4.0 : static_cast<double>(i) * step - 4.0));
  }
  return all;
}

std::vector<double> ratios_of(const LogisticRegressionCVParams& p) {
  if (p.l1_ratios.is_sequence()) return numbers_of(p.l1_ratios);
  return {p.penalty == "l1" ? 1.0 : 0.0};
}

}  // namespace

const ParamTable<LogisticRegressionCVParams>& LogisticRegressionCV::param_table() {
  using P = LogisticRegressionCVParams;
  static const auto table =
      ParamTable<P>("LogisticRegressionCV", "LogisticRegression with C from cross-validation.")
          .add("Cs", &P::Cs,
               how_many_or_which("an int >= 1 or a list of floats > 0",
                                 [](double C) { return C > 0.0; }),
               "the values of C to try, or how many between 1e-4 and 1e4")
          .add("l1_ratios", &P::l1_ratios,
               satisfies("None, 'warn' or a list of floats between 0 and 1",
                         [](const Value& v) {
                           return v.is_none() || v == Value("warn") ||
                                  are_numbers(v, [](double r) { return r >= 0.0 && r <= 1.0; });
                         }),
               "the penalties to try: 0 is L2, 1 is L1; None and 'warn': L2 alone")
          .add("fit_intercept", &P::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .add("cv", &P::cv, cv_range(), "folds of the training rows, stratified; None: 5")
          .refuse("dual", {false}, "the primal problem is solved")
          .add("penalty", &P::penalty, one_of({"deprecated", "l2", "l1", "elasticnet"}),
               "the spelling before scikit-learn 1.8; 'elasticnet' goes with l1_ratios")
          .add("scoring", &P::scoring, anything(),
               "the metric that decides; None and 'warn' are accuracy")
          .add("solver", &P::solver,
               one_of({"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"}),
               "all name the same optimum here")
          .add("tol", &P::tol, at_least(0.0), "as LogisticRegression's")
          .add("max_iter", &P::max_iter, at_least(0.0), "most steps of each fit")
          .add("class_weight", &P::class_weight, class_weight_range(),
               "factor on the weights of a class's rows; 'balanced' by all training rows")
          .refuse("n_jobs", {nullptr, 1, -1}, "ranks and --threads say how many work")
          .refuse("verbose", {0}, "progress is shown unless --quiet")
          .refuse("refit", {true}, "the mean of models with different C is the optimum of none")
          .refuse("intercept_scaling", {1.0, 1},
                  "the intercept is not penalised, so its scale is nothing")
          .add("random_state", &P::random_state, anything(),
               "without effect: nothing is drawn at random")
          .refuse("use_legacy_attributes", {"warn", false},
                  "attributes have the shapes of False, which say the same once");
  return table;
}

std::string LogisticRegressionCV::metric() const {
  const std::string scoring = params().scoring.value_or("warn");
  return scoring == "warn" ? "accuracy" : scoring;
}

std::unique_ptr<Estimator> LogisticRegressionCV::tried() const {
  const LogisticRegressionCVParams& p = params();
  LogisticRegressionParams one;
  one.penalty = p.penalty;
  one.tol = p.tol;
  one.fit_intercept = p.fit_intercept;
  one.class_weight = p.class_weight;
  one.solver = p.solver;
  one.max_iter = p.max_iter;
  one.l1_ratio = ratios_of(p).front();
  return std::make_unique<LogisticRegression>(one);
}

Index LogisticRegressionCV::count() const {
  return std::ssize(Cs_of(params().Cs)) * std::ssize(ratios_of(params()));
}

Tries LogisticRegressionCV::tries(const TrainingView& view) const {
  LogisticRegressionParams one = dynamic_cast<const LogisticRegression&>(*tried()).params();
  if (one.class_weight.is_string()) {
    const Labels& classes = view.table.data->classes(view.engine.comm());
    const Vector weight =
        dynamic_cast<const GatheredGlm&>(*view.gathered).moments.of(view.split).weight;
    const Vector factors = class_factors(one.class_weight, name(), classes, weight);
    Value::Dict by_label;
    for (Index k = 0; k < classes.size(); ++k) by_label.emplace_back(classes.value(k), factors[k]);
    one.class_weight = Value::dict(std::move(by_label));
  }
  Tries tries;
  const std::vector<double> Cs = Cs_of(params().Cs), ratios = ratios_of(params());
  for (const double C : Cs) {
    for (const double ratio : ratios) {
      one.C = C;
      one.l1_ratio = ratio;
      tries.settings.push_back(std::make_unique<LogisticRegression>(one));
    }
  }
  const ChoiceAttributes expected = attributes();
  tries.grid = {expected[0], expected[1]};
  tries.grid[0].values.values = Cs;
  tries.grid[1].values.values = ratios;
  return tries;
}

ChoiceAttributes LogisticRegressionCV::attributes() const {
  const Index Cs = std::ssize(Cs_of(params().Cs)), ratios = std::ssize(ratios_of(params()));
  const Allowed penalties{.least = 0.0, .least_itself = false, .infinite = true};
  return {{"Cs_", {{Cs}, {}}, penalties},
          {"l1_ratios_", {{ratios}, {}}},
          {"scores_", {{folding(0).n_splits, ratios, Cs}, {}}, allowed::any},
          ChoiceAttribute::single("C_", 0.0, penalties),
          ChoiceAttribute::single("l1_ratio_", 0.0)};
}

ChoiceAttributes LogisticRegressionCV::conclude(const Tries& tries, const TriedScores& scores,
                                                std::size_t best) const {
  ChoiceAttributes all = attributes();
  all.erase(all.begin(), all.begin() + 2);
  const std::size_t ratios = ratios_of(params()).size();
  for (std::size_t fold = 0; fold < scores.front().size(); ++fold) {
    for (std::size_t r = 0; r < ratios; ++r) {
      for (std::size_t i = r; i < scores.size(); i += ratios) {
        all[0].values.values.push_back(scores[i][fold]);
      }
    }
  }
  const auto& chosen = dynamic_cast<const LogisticRegression&>(*tries.settings[best]).params();
  all[1].values.values = {chosen.C};
  all[2].values.values = {chosen.l1_ratio.value_or(0.0)};
  return all;
}

}  // namespace superstep
