// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/poisson_regressor.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>
#include <superstep/math/links.hpp>

#include "learn/linear_model/glm.hpp"

namespace superstep {

const ParamTable<PoissonRegressorParams>& PoissonRegressor::param_table() {
  using P = PoissonRegressorParams;
  static const auto table =
      ParamTable<P>("PoissonRegressor",
                    "Rates of counts: exp of a linear function, penalty on coef^2.")
          .add("alpha", &P::alpha, at_least(0.0), "strength of the penalty")
          .add("fit_intercept", &P::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .add("solver", &P::solver, one_of({"lbfgs", "newton-cholesky"}),
               "both name the same optimum here")
          .add("max_iter", &P::max_iter, at_least(1), "most steps")
          .add("tol", &P::tol, greater_than(0.0),
               "ends when no entry of the gradient is larger, or the objective has reached its "
               "least value to 12 digits (more for a smaller tol)")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .refuse("verbose", {0}, "progress is shown unless --quiet")
          .positional(0);
  return table;
}

Footprint PoissonRegressor::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::poisson, columns, 1, batch);
}

TrainingCost PoissonRegressor::cost(Index columns, Index, std::span<const Candidate> batch) const {
  Index most = 0;
  for (const Candidate& c : batch) {
    most = std::max(most, dynamic_cast<const PoissonRegressor&>(*c.estimator).params().max_iter);
  }
  return glm_cost(columns, static_cast<Index>(batch.size()), most);
}

namespace {

/// Predicts the rate, the exponential of its linear function.
class PoissonModel final : public LinearModel {
 public:
  using LinearModel::LinearModel;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    LinearModel::apply(method, x, out);
    math::exponential(out);
  }
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override {
    return std::make_shared<PoissonModel>(function().in_front_of(map));
  }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override {
    LinearModel::apply_to_linear(method, z, out);
    math::exponential(out);
  }
};

GlmTask task_of(const CandidateOf<PoissonRegressorParams>& candidate) {
  const PoissonRegressorParams& p = candidate.params;
  GlmTask task;
  task.split = candidate.split;
  task.features = candidate.features;
  task.resume = candidate.resume;
  task.fit_intercept = p.fit_intercept;
  task.l2 = p.alpha;
  task.mean_loss = true;
  task.tol = p.tol;
  task.max_iter = p.max_iter;
  return task;
}

bool has_counts(const GlmMoments& moments, const GlmTask& task) {
  return moments.of(task.split).weight[1] > 0.0;
}

/// An intercept has no optimum where nothing was counted. Without one the coefficients have: their
/// penalty keeps them finite.
void require_counts(const Table& table, const GlmMoments& moments, const GlmTask& task) {
  if (!task.fit_intercept || has_counts(moments, task)) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} is zero in every row{}, and no rate is small enough for that; check the "
                  "targets, or try fit_intercept=False",
                  table.data->y_name(), task.split ? " among the training rows of a split" : ""));
}

/// Without a penalty either, there is an optimum only where no linear function of the columns is
/// negative in every row. What a fit ends at is where scikit-learn ends, who does not say so.
std::string said_of_no_counts(const Table& table, const GlmTask& task) {
  return fmt::format(
      "{} is zero in every row{}: with alpha=0 the rates go to zero and the coefficients grow "
      "without end wherever the columns allow it; they are those at which the gradient was within "
      "tol; try alpha > 0",
      table.data->y_name(), task.split ? " among the training rows of a split" : "");
}

}  // namespace

std::shared_ptr<const StageState> PoissonRegressor::gather(Engine& engine, const Table& table,
                                                           std::span<const SplitPtr> splits) const {
  return std::make_shared<GatheredGlm>(glm_moments(engine, table, GlmLoss::poisson, 0, splits));
}

std::vector<Trained> PoissonRegressor::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  std::vector<GlmTask> tasks;
  std::vector<SplitPtr> splits;
  for (const auto& c : batch) {
    tasks.push_back(task_of(c));
    splits.push_back(c.split);
  }
  const auto its_moments =
      glm_moments_for(engine, table, GlmLoss::poisson, 0, splits, gathered_for(batch));
  const GlmMoments& moments = *its_moments;
  for (const GlmTask& task : tasks) require_counts(table, moments, task);
  const std::vector<GlmFit> fits = fit_glm(engine, table, moments, tasks);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const GlmFit& fit = fits[i];
    FitReport report = glm_report(name(), tasks[i], fit);
    if (tasks[i].l2 == 0.0 && !has_counts(moments, tasks[i])) {
      report.warnings.push_back(said_of_no_counts(table, tasks[i]));
    }
    models.push_back(std::make_shared<PoissonModel>(
        Vector(fit.coef.row(0).transpose()), fit.intercept[0],
        FittedAttributes{{"n_iter_", fit.n_iter}}, std::move(report)));
    models.back().state = fit.state;
  }
  return models;
}

std::shared_ptr<Model> PoissonRegressor::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}});
  return std::make_shared<PoissonModel>(saved.coef, saved.intercept, std::move(saved.others),
                                        FitReport{});
}

}  // namespace superstep
