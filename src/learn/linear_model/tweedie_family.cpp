// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/tweedie_family.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/glm.hpp"

namespace superstep {

namespace {

/// Predicts the mean, the exponential of its linear function.
class TweedieModel final : public LinearModel {
 public:
  using LinearModel::LinearModel;
  void apply(Method method, math::ConstPanel x, math::Panel out) const override {
    LinearModel::apply(method, x, out);
    math::exponential(out);
  }
  std::shared_ptr<const Model> in_front_of(const AffineMap& map) const override {
    return std::make_shared<TweedieModel>(function().in_front_of(map));
  }
  void apply_to_linear(Method method, math::ConstPanel z, math::Panel out) const override {
    LinearModel::apply_to_linear(method, z, out);
    math::exponential(out);
  }
};

const TweedieFamily& estimator_of(const Candidate& candidate) {
  return dynamic_cast<const TweedieFamily&>(*candidate.estimator);
}

GlmTask task_of(const Candidate& candidate) {
  const TweedieParams p = estimator_of(candidate).settings();
  GlmTask task;
  task.split = candidate.split;
  task.features = candidate.features;
  task.resume = candidate.resume;
  task.tweedie = {estimator_of(candidate).variance_power()};
  task.fit_intercept = p.fit_intercept;
  task.l2 = p.alpha;
  task.mean_loss = true;
  task.tol = p.tol;
  task.max_iter = p.max_iter;
  return task;
}

const char* where(const GlmTask& task) {
  return task.split ? " among the training rows of a split" : "";
}

/// Says how many there are and where the first is.
[[noreturn]] void report_targets(Engine& engine, const Table& table, const TweedieFamily& estimator,
                                 const GlmRows& rows) {
  const bool is_positive = estimator.variance_power() >= 2.0;
  const Table seen = rows.split ? table.only(rows.split, Role::train) : table;
  const std::vector<double> last =
      engine.maximum(seen, 1, [&](const Block& block, std::span<double> out, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          const bool is_bad = block.y[i] < 0.0 || (is_positive && block.y[i] == 0.0);
          if (is_bad && block.weight_of(i) > 0.0) {
            out[0] = std::max(out[0], -static_cast<double>(block.row(i)));
          }
        }
      });
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format(
          "{}: Some value(s) of y are out of the valid range of the loss '{}': {} {}, the first in "
          "row {}; {}",
          table.data->y_name(), estimator.loss_name(),
          rows.negative + (is_positive ? rows.zero : 0), is_positive ? "not positive" : "negative",
          static_cast<Index>(-last[0]), estimator.takes()));
}

bool has_targets(const GlmMoments& moments, const GlmTask& task) {
  return moments.of(task.split).weight[1] > 0.0;
}

/// An intercept has no optimum where all targets are zero. Without one the coefficients have: their
/// penalty keeps them finite.
void check_targets(Engine& engine, const Table& table, const TweedieFamily& estimator,
                   const GlmMoments& moments, const GlmTask& task) {
  const GlmRows& rows = moments.of(task.split);
  if (rows.negative > 0 || (task.tweedie.power >= 2.0 && rows.zero > 0)) {
    report_targets(engine, table, estimator, rows);
  }
  if (!task.fit_intercept || has_targets(moments, task)) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} is zero in every row{}, and no rate is small enough for that; check the "
                  "targets, or try fit_intercept=False",
                  table.data->y_name(), where(task)));
}

/// Without a penalty either, there is an optimum only where no linear function of the columns is
/// negative in every row. What a fit ends at is where scikit-learn ends, who does not say so.
std::string said_of_no_targets(const Table& table, const GlmTask& task) {
  return fmt::format(
      "{} is zero in every row{}: with alpha=0 the rates go to zero and the coefficients grow "
      "without end wherever the columns allow it; they are those at which the gradient was within "
      "tol; try alpha > 0",
      table.data->y_name(), where(task));
}

}  // namespace

Footprint TweedieFamily::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::tweedie, columns, 1, batch);
}

TrainingCost TweedieFamily::cost(Index columns, Index, std::span<const Candidate> batch) const {
  Index most = 0;
  for (const Candidate& c : batch) most = std::max(most, estimator_of(c).settings().max_iter);
  return glm_cost(columns, std::ssize(batch), most);
}

std::shared_ptr<const StageState> TweedieFamily::gather(Engine& engine, const Table& table,
                                                        std::span<const SplitPtr> splits) const {
  return std::make_shared<GatheredGlm>(glm_moments(engine, table, GlmLoss::tweedie, 0, splits));
}

std::vector<Trained> TweedieFamily::train_batch(Engine& engine, const Table& table,
                                                std::span<const Candidate> candidates) const {
  std::vector<GlmTask> tasks;
  std::vector<SplitPtr> splits;
  for (const Candidate& c : candidates) {
    tasks.push_back(task_of(c));
    splits.push_back(c.split);
  }
  const auto moments =
      glm_moments_for(engine, table, GlmLoss::tweedie, 0, splits, gathered_for(candidates));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    check_targets(engine, table, estimator_of(candidates[i]), *moments, tasks[i]);
  }
  const auto model_of = [](const GlmFit& fit, FitReport report) {
    return std::make_shared<TweedieModel>(Vector(fit.coef.row(0).transpose()), fit.intercept[0],
                                          FittedAttributes{{"n_iter_", fit.n_iter}},
                                          std::move(report));
  };
  const auto subject = [&](std::size_t i, const GlmFit& fit) {
    return HeldOutJudge::Subject{candidates[i].judge->whole(model_of(fit, {})),
                                 candidates[i].split};
  };
  const std::vector<GlmFit> fits =
      fit_glm(engine, table, *moments, tasks, {judge_for(candidates), subject});
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const GlmFit& fit = fits[i];
    FitReport report = glm_report(name(), tasks[i], fit);
    if (tasks[i].l2 == 0.0 && !has_targets(*moments, tasks[i])) {
      report.warnings.push_back(said_of_no_targets(table, tasks[i]));
    }
    Trained& trained = models.emplace_back(model_of(fit, std::move(report)));
    trained.state = fit.state;
    trained.tell_all(fit.held_out);
  }
  return models;
}

std::shared_ptr<Model> TweedieFamily::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}});
  return std::make_shared<TweedieModel>(saved.coef, saved.intercept, std::move(saved.others),
                                        FitReport{});
}

}  // namespace superstep
