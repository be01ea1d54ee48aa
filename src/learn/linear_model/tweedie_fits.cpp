// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/tweedie_fits.hpp"

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

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

const char* where(const GlmTask& task) {
  return task.split ? " among the training rows of a split" : "";
}

/// Says how many there are and where the first is.
[[noreturn]] void report_targets(Engine& engine, const Table& table, const TweedieWords& words,
                                 const GlmRows& rows, math::TweedieLoss loss) {
  const bool is_positive = loss.power >= 2.0;
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
          table.data->y_name(), words.loss, rows.negative + (is_positive ? rows.zero : 0),
          is_positive ? "not positive" : "negative", static_cast<Index>(-last[0]),
          words.takes(loss)));
}

bool has_targets(const GlmMoments& moments, const GlmTask& task) {
  return moments.of(task.split).weight[1] > 0.0;
}

/// An intercept has no optimum where all targets are zero. Without one the coefficients have: their
/// penalty keeps them finite.
void check_targets(Engine& engine, const Table& table, const TweedieWords& words,
                   const GlmMoments& moments, const GlmTask& task) {
  const GlmRows& rows = moments.of(task.split);
  if (rows.negative > 0 || (task.tweedie.power >= 2.0 && rows.zero > 0)) {
    report_targets(engine, table, words, rows, task.tweedie);
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

std::shared_ptr<const StageState> gather_for_tweedie(Engine& engine, const Table& table,
                                                     std::span<const SplitPtr> splits) {
  return std::make_shared<GatheredGlm>(glm_moments(engine, table, GlmLoss::tweedie, 0, splits));
}

std::vector<Trained> fit_tweedie(Engine& engine, const Table& table, const TweedieWords& words,
                                 std::span<const GlmTask> tasks,
                                 const std::shared_ptr<const StageState>& gathered) {
  std::vector<SplitPtr> splits;
  for (const GlmTask& task : tasks) splits.push_back(task.split);
  const auto moments = glm_moments_for(engine, table, GlmLoss::tweedie, 0, splits, gathered);
  for (const GlmTask& task : tasks) check_targets(engine, table, words, *moments, task);
  const std::vector<GlmFit> fits = fit_glm(engine, table, *moments, tasks);
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const GlmFit& fit = fits[i];
    FitReport report = glm_report(words.estimator, tasks[i], fit);
    if (tasks[i].l2 == 0.0 && !has_targets(*moments, tasks[i])) {
      report.warnings.push_back(said_of_no_targets(table, tasks[i]));
    }
    models.push_back(std::make_shared<TweedieModel>(
        Vector(fit.coef.row(0).transpose()), fit.intercept[0],
        FittedAttributes{{"n_iter_", fit.n_iter}}, std::move(report)));
    models.back().state = fit.state;
  }
  return models;
}

std::shared_ptr<Model> read_tweedie_model(const AttributeReader& in) {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}});
  return std::make_shared<TweedieModel>(saved.coef, saved.intercept, std::move(saved.others),
                                        FitReport{});
}

}  // namespace superstep
