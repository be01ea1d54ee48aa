// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/elastic_net.hpp>

#include <fmt/format.h>

#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

const ParamTable<ElasticNetParams>& ElasticNet::param_table() const {
  static const auto table =
      ParamTable<ElasticNetParams>("ElasticNet",
                                   "Least squares with penalties on |coef| and coef^2.")
          .add("alpha", &ElasticNetParams::alpha, at_least(0.0), "strength of both penalties")
          .add("l1_ratio", &ElasticNetParams::l1_ratio, between(0.0, 1.0),
               "share of the penalty on |coef|: 1 is the Lasso, 0 ridge regression")
          .add("fit_intercept", &ElasticNetParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("precompute", {false, true}, "the Gram matrix is always used")
          .add("max_iter", &ElasticNetParams::max_iter, at_least(1),
               "most sweeps over the coefficients")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("tol", &ElasticNetParams::tol, at_least(0.0),
               "ends when the duality gap is below tol |y|^2, if the optimum itself was not found "
               "before")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .add("positive", &ElasticNetParams::positive, anything(),
               "coefficients may not be negative")
          .add("random_state", &ElasticNetParams::random_state, anything(),
               "without effect, as in scikit-learn, unless selection is 'random'")
          .refuse("selection", {"cyclic"},
                  "coefficients are visited in order; the optimum is the same")
          .positional(1);
  return table;
}

Footprint ElasticNet::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return moment_fits_footprint(columns, batch, 3);
}

std::shared_ptr<const StageState> ElasticNet::gather(Engine& engine, const Table& table,
                                                     std::span<const SplitPtr> splits) const {
  return gather_for_moment_fits(engine, table, splits);
}

TrainingCost ElasticNet::cost(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_cost(columns);
}

namespace {

PenalisedQuadratic quadratic(const Moments& m, const ElasticNetParams& p) {
  return {m.gram / m.weight,
          m.xy / m.weight,
          m.yy / m.weight,
          p.alpha * p.l1_ratio,
          p.alpha * (1.0 - p.l1_ratio),
          p.positive};
}

/// Gap and tolerance go along.
MomentFit fit_one(const Moments& m, const ElasticNetParams& p) {
  if (!m.keeps_digits()) return {.is_resolved = false};
  const PenalisedQuadratic problem = quadratic(m, p);
  const Descent found = coordinate_descent(problem, p.tol, p.max_iter);
  MomentFit fit = MomentFit::of(found.coef, m.mean, m.y_mean);
  fit.n_iter = found.n_iter;
  fit.converged = found.converged;
  fit.others = Vector{{found.gap, p.tol * problem.yy}};
  return fit;
}

}  // namespace

std::vector<Trained> ElasticNet::train_as(const std::string& name, Engine& engine,
                                          const Table& table, Batch batch) {
  std::vector<View> views;
  for (const auto& c : batch) views.push_back({c.split, c.features, c.params.fit_intercept});
  std::vector<MomentFit> fits = fit_from_moments(
      engine, table, views,
      [&](std::size_t i, const Moments& m) { return fit_one(m, batch[i].params); }, nullptr,
      gathered_for(batch));
  std::vector<Trained> models;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    MomentFit& fit = fits[i];
    if (!fit.converged) {
      fit.warnings.push_back(fmt::format(
          "{} did not converge in {} sweeps: the duality gap is {:.3e}, the tolerance {:.3e}; "
          "increase max_iter or alpha, or scale the columns",
          name, batch[i].params.max_iter, fit.others[0], fit.others[1]));
    }
    models.push_back(fit.trained({{"n_iter_", fit.n_iter}, {"dual_gap_", fit.others[0]}}));
  }
  return models;
}

std::vector<Trained> ElasticNet::train(Engine& engine, const Table& table, Batch batch) const {
  return train_as(name(), engine, table, batch);
}

std::shared_ptr<Model> ElasticNet::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}, {"dual_gap_", 0.0}});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, std::move(saved.others),
                                       FitReport{});
}

}  // namespace superstep
