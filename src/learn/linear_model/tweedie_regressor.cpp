// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/tweedie_regressor.hpp>

#include <fmt/format.h>

#include <cmath>

#include <superstep/core/error.hpp>

#include "learn/linear_model/moment_fits.hpp"
#include "learn/linear_model/tweedie_fits.hpp"

namespace superstep {

namespace {

bool is_a_power(const Value& value) {
  double power = 0.0;
  return detail::store_value(value, power) && std::isfinite(power) && !(power > 0.0 && power < 1.0);
}

bool has_log_link(const TweedieRegressorParams& p) {
  return p.link == "log" || (p.link == "auto" && p.power > 0.0);
}

std::string takes(math::TweedieLoss loss) {
  if (loss.power >= 2.0) {
    return fmt::format("power={} takes targets > 0, try a power from 1 to below 2 if some are zero",
                       Value(loss.power).repr());
  }
  return fmt::format(
      "power={} with link='log' takes targets >= 0, try power=0 with "
      "link='identity' for others",
      Value(loss.power).repr());
}

}  // namespace

const ParamTable<TweedieRegressorParams>& TweedieRegressor::param_table() const {
  using P = TweedieRegressorParams;
  static const auto table = with_tweedie_params(
      ParamTable<P>("TweedieRegressor",
                    "Means of a Tweedie distribution, or least squares; penalty on coef^2.")
          .add("power", &P::power,
               satisfies("a float <= 0 or >= 1: there is no such distribution between", is_a_power),
               "the variance goes by this power of the mean: 0 normal, 1 Poisson, between 1 and 2 "
               "compound Poisson, 2 gamma, 3 inverse Gaussian")
          .add("link", &P::link, one_of({"auto", "identity", "log"}),
               "'log': the mean is exp of a linear function; 'identity': it is that function, with "
               "power=0 only; 'auto': 'identity' for power <= 0, else 'log'"));
  return table;
}

void TweedieRegressor::check_params() const {
  EstimatorOf::check_params();
  const TweedieRegressorParams& p = params();
  if (p.power == 0.0 || has_log_link(p)) return;
  throw UsageError(fmt::format(
      "TweedieRegressor: link='{}'{} goes with power=0 only, for a linear function may "
      "be negative where power={} needs a mean > 0; use link='log'",
      p.link, p.link == "auto" ? " ('identity' where power <= 0)" : "", Value(p.power).repr()));
}

Footprint TweedieRegressor::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::tweedie, columns, 1, batch) |
         moment_fits_footprint(columns, batch, 3);
}

TrainingCost TweedieRegressor::cost(Index columns, Index, std::span<const Candidate> batch) const {
  const auto is_log = [](const Candidate& c) {
    return has_log_link(dynamic_cast<const TweedieRegressor&>(*c.estimator).params());
  };
  const auto logs = std::ranges::count_if(batch, is_log);
  TrainingCost cost = tweedie_cost<TweedieRegressor>(columns, batch);
  if (logs == std::ssize(batch)) return cost;
  const TrainingCost direct = least_squares_cost(columns);
  if (logs == 0) return direct;
  return {cost.passes + direct.passes, cost.most_passes + direct.most_passes,
          std::max(cost.flops_per_row, direct.flops_per_row)};
}

std::shared_ptr<const StageState> TweedieRegressor::gather(Engine& engine, const Table& table,
                                                           std::span<const SplitPtr> splits) const {
  if (!has_log_link(params())) return gather_for_moment_fits(engine, table, splits);
  return gather_for_tweedie(engine, table, splits);
}

std::vector<Trained> TweedieRegressor::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  std::vector<GlmTask> tasks;
  std::vector<View> views;
  std::vector<double> alphas;
  for (const auto& c : batch) {
    if (has_log_link(c.params)) {
      tasks.push_back(tweedie_task(c, c.params.power));
    } else {
      views.push_back({c.split, c.features, c.params.fit_intercept});
      alphas.push_back(c.params.alpha);
    }
  }
  std::vector<Trained> of_logs;
  std::vector<MomentFit> direct;
  if (!tasks.empty()) {
    const TweedieWords words{name(), "HalfTweedieLoss", takes};
    of_logs = fit_tweedie(engine, table, words, tasks, gathered_for(batch));
  }
  if (!views.empty()) {
    // The loss is half a mean of squares; the equations are of their sum.
    const auto penalty = [&](std::size_t i, const Moments& m) { return alphas[i] * m.weight; };
    direct = fit_from_moments(
        engine, table, views,
        [&](std::size_t i, const Moments& m) { return ridge_fit(m, penalty(i, m)); },
        [&](std::size_t i, const Moments& m, const Spectrum& spectrum) {
          return ridge_fit(m, spectrum, penalty(i, m));
        },
        gathered_for(batch));
  }
  std::vector<Trained> models;
  auto log = of_logs.begin();
  auto fit = direct.begin();
  for (const auto& c : batch) {
    if (has_log_link(c.params)) {
      models.push_back(std::move(*log++));
    } else {
      models.push_back(fit->trained({{"n_iter_", fit->n_iter}}));
      ++fit;
    }
  }
  return models;
}

std::shared_ptr<Model> TweedieRegressor::load_fitted(const AttributeReader& in) const {
  if (has_log_link(params())) return read_tweedie_model(in);
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, std::move(saved.others),
                                       FitReport{});
}

}  // namespace superstep
