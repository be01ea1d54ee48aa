// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge_cv.hpp>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/ridge.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "learn/linear_model/leave_one_out.hpp"
#include "learn/values_to_try.hpp"

namespace superstep {

namespace {

const RidgeCVParams& params_of(const Choosing& one) {
  return dynamic_cast<const RidgeCV&>(*one.estimator).params();
}

}  // namespace

const ParamTable<RidgeCVParams>& RidgeCV::param_table() {
  using P = RidgeCVParams;
  static const auto table =
      ParamTable<P>("RidgeCV", "Ridge with alpha from cross-validation.")
          .add("alphas", &P::alphas,
               one_or_several("a float >= 0 or a list of such",
                              [](double alpha) { return alpha >= 0.0; }),
               "the strengths to try; above 0 without cv")
          .add("fit_intercept", &P::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .add("scoring", &P::scoring, anything(),
               "the metric that decides; None: neg_mean_squared_error without cv, else r2")
          .add("cv", &P::cv, cv_range(), "folds of the training rows; None: each row is one")
          .add("gcv_mode", &P::gcv_mode, one_of({"auto", "svd", "eigen"}),
               "without effect: the errors are as exact as those of 'svd'")
          .refuse("store_cv_results", {false}, "nothing is kept for each row")
          .refuse("alpha_per_target", {false}, "there is one target")
          .positional(1);
  return table;
}

void RidgeCV::check_params() const {
  CrossValidatedOf::check_params();
  if (!leaves_one_out()) return;
  if (std::ranges::any_of(numbers_of(params().alphas), [](double alpha) { return alpha == 0.0; })) {
    throw UsageError(
        "RidgeCV: alphas must be above 0 where each row is left out in turn (cv=None); give cv=5");
  }
}

std::string RidgeCV::metric() const {
  return params().scoring.value_or(leaves_one_out() ? "neg_mean_squared_error" : "r2");
}

std::unique_ptr<Estimator> RidgeCV::tried() const {
  return std::make_unique<Ridge>(RidgeParams{.fit_intercept = params().fit_intercept});
}

Index RidgeCV::count() const { return std::ssize(numbers_of(params().alphas)); }

Tries RidgeCV::tries(const TrainingView&) const {
  Tries tries;
  for (const double alpha : numbers_of(params().alphas)) {
    tries.settings.push_back(std::make_unique<Ridge>(
        RidgeParams{.alpha = alpha, .fit_intercept = params().fit_intercept}));
  }
  return tries;
}

void RidgeCV::leave_one_out(Engine& engine, const Table& table,
                            std::span<Choosing* const> all) const {
  std::vector<LeftOut> views;
  for (const Choosing* one : all) {
    views.push_back({{one->whole, one->candidate->features},
                     params_of(*one).fit_intercept,
                     numbers_of(params_of(*one).alphas)});
  }
  const auto& sums = dynamic_cast<const GatheredMoments&>(*all.front()->gathered);
  const auto errors = leave_one_out_errors(engine, table, sums, views);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& scoring = params_of(*all[i]).scoring;
    const Metric* metric = scoring ? &find_metric(*scoring) : nullptr;
    for (const LeftOutErrors& e : errors[i]) all[i]->scores.push_back({e.score(metric)});
  }
}

Footprint RidgeCV::leave_one_out_footprint(Index columns) const {
  return superstep::leave_one_out_footprint(columns, count());
}

ChoiceAttributes RidgeCV::attributes() const {
  return {ChoiceAttribute::single("alpha_", 0.0),
          ChoiceAttribute::single("best_score_", 0.0, allowed::any)};
}

ChoiceAttributes RidgeCV::conclude(const Tries& tries, const TriedScores& scores,
                                   std::size_t best) const {
  double sum = 0.0;
  for (const double score : scores[best]) sum += score;
  ChoiceAttributes all = attributes();
  all[0].values.values = {dynamic_cast<const Ridge&>(*tries.settings[best]).params().alpha};
  all[1].values.values = {sum / static_cast<double>(scores[best].size())};
  return all;
}

}  // namespace superstep
