// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

const ParamTable<RidgeParams>& Ridge::param_table() const {
  static const auto table =
      ParamTable<RidgeParams>("Ridge", "Least squares with a penalty on coef^2.")
          .add("alpha", &RidgeParams::alpha, at_least(0.0), "strength of the penalty")
          .add("fit_intercept", &RidgeParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("max_iter", &RidgeParams::max_iter, at_least(1),
               "most sweeps over the coefficients with positive=True; else the solution is direct")
          .add("tol", &RidgeParams::tol, at_least(0.0),
               "of positive=True, where the optimum is not found exactly; else the solution is "
               "direct")
          .add("solver", &RidgeParams::solver,
               one_of({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}),
               "each of them names the exact solution here; 'lbfgs' goes with positive=True")
          .add("positive", &RidgeParams::positive, anything(), "coefficients may not be negative")
          .add("random_state", &RidgeParams::random_state, anything(),
               "without effect: scikit-learn needs it for 'sag' and 'saga' only")
          .positional(1);
  return table;
}

void Ridge::check_params() const {
  EstimatorOf::check_params();
  const RidgeParams& p = params();
  if (p.solver == "lbfgs" && !p.positive) {
    throw UsageError("Ridge: solver='lbfgs' is for positive=True; use solver='auto'");
  }
  if (p.positive && p.solver != "auto" && p.solver != "lbfgs") {
    throw UsageError(
        fmt::format("Ridge: positive=True goes with solver='auto' or 'lbfgs', not '{}'", p.solver));
  }
}

Footprint Ridge::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return moment_fits_footprint(columns, batch, 3);
}

std::shared_ptr<const StageState> Ridge::gather(Engine& engine, const Table& table,
                                                std::span<const SplitPtr> splits) const {
  return gather_for_moment_fits(engine, table, splits);
}

TrainingCost Ridge::cost(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_cost(columns);
}

namespace {

MomentFit fit_positive(const Moments& m, const RidgeParams& p) {
  if (!m.keeps_digits()) return {.is_resolved = false};
  const PenalisedQuadratic problem{
      m.gram / m.weight, m.xy / m.weight, m.yy / m.weight, 0.0, p.alpha / m.weight, true};
  const Descent found = coordinate_descent(problem, p.tol, p.max_iter.value_or(10000));
  MomentFit fit = MomentFit::of(found.coef, m.mean, m.y_mean);
  fit.n_iter = found.n_iter;
  fit.converged = found.converged;
  return fit;
}

MomentFit fit_one(const Moments& m, const RidgeParams& p) {
  if (p.positive) return fit_positive(m, p);
  return ridge_fit(m, p.alpha);
}

}  // namespace

std::vector<Trained> Ridge::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<View> views;
  for (const auto& c : batch) views.push_back({c.split, c.features, c.params.fit_intercept});
  std::vector<MomentFit> fits = fit_from_moments(
      engine, table, views,
      [&](std::size_t i, const Moments& m) { return fit_one(m, batch[i].params); },
      [&](std::size_t i, const Moments& m, const Spectrum& spectrum) {
        return ridge_fit(m, spectrum, batch[i].params.alpha);
      },
      gathered_for(batch));
  std::vector<Trained> models;
  for (MomentFit& fit : fits) {
    if (!fit.converged) {
      fit.warnings.push_back(fmt::format(
          "Ridge did not converge in {} sweeps; increase max_iter or alpha, or scale the columns",
          fit.n_iter));
    }
    models.push_back(fit.trained({}));
  }
  return models;
}

std::shared_ptr<Model> Ridge::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, FittedAttributes{},
                                       FitReport{});
}

}  // namespace superstep
