// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge_cv.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/ridge.hpp>
#include <superstep/learn/metrics/metric.hpp>

#include "learn/linear_model/leave_one_out.hpp"

namespace superstep {

namespace {

bool is_alpha(const Value& v) { return v.is_number() && v.as_double() >= 0.0; }

std::vector<double> alphas_of(const RidgeCVParams& p) {
  if (p.alphas.is_number()) return {p.alphas.as_double()};
  std::vector<double> alphas;
  for (const Value& alpha : p.alphas.items()) alphas.push_back(alpha.as_double());
  return alphas;
}

const RidgeCVParams& params_of(const Choosing& one) {
  return dynamic_cast<const RidgeCV&>(*one.estimator).params();
}

}  // namespace

const ParamTable<RidgeCVParams>& RidgeCV::param_table() {
  using P = RidgeCVParams;
  static const auto table =
      ParamTable<P>("RidgeCV", "Ridge with alpha from cross-validation.")
          .add("alphas", &P::alphas,
               satisfies("a float >= 0 or a list of such",
                         [](const Value& v) {
                           return is_alpha(v) || (v.is_sequence() && !v.items().empty() &&
                                                  std::ranges::all_of(v.items(), is_alpha));
                         }),
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
  WithParams::check_params();
  check_choice();
  if (!leaves_one_out()) return;
  if (std::ranges::any_of(alphas_of(params()), [](double alpha) { return alpha == 0.0; })) {
    throw UsageError(
        "RidgeCV: alphas must be above 0 where each row is left out in turn (cv=None); give cv=5");
  }
  if (find_metric(metric()).needs != Statistic::squared_errors) {
    throw UsageError(fmt::format(
        "RidgeCV: scoring='{}' needs more than the squares of errors, which is what leaving one "
        "row out tells; give cv=5, or scoring='neg_mean_squared_error', 'r2' or such",
        metric()));
  }
}

std::string RidgeCV::metric() const {
  return params().scoring.value_or(leaves_one_out() ? "neg_mean_squared_error" : "r2");
}

std::unique_ptr<Estimator> RidgeCV::tried() const {
  return std::make_unique<Ridge>(RidgeParams{.fit_intercept = params().fit_intercept});
}

Index RidgeCV::count() const { return std::ssize(alphas_of(params())); }

Tries RidgeCV::tries(const TrainingView&) const {
  Tries tries;
  for (const double alpha : alphas_of(params())) {
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
                     alphas_of(params_of(*one))});
  }
  const auto& sums = dynamic_cast<const GatheredMoments&>(*all.front()->gathered);
  const auto errors = leave_one_out_errors(engine, table, sums, views);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_plain = !params_of(*all[i]).scoring;
    const Metric& metric = find_metric(all[i]->estimator->metric());
    const double sign = metric.greater_is_better ? 1.0 : -1.0;
    for (const LeftOutErrors& e : errors[i]) {
      // Without a scorer weights are not normalised.
      const double mean = -e.statistics.squared_error / static_cast<double>(e.all_rows);
      all[i]->scores.push_back({is_plain ? mean : sign * metric.value(e.statistics)});
    }
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
