// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/least_squares.hpp"

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
               one_of({"auto", "svd", "cholesky", "lsqr", "sparse_cg", "lbfgs"}),
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

Footprint Ridge::footprint(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_footprint(columns);
}

namespace {

std::shared_ptr<Model> make_model(const Vector& coef, const Vector& mean, double y_mean,
                                  FitReport report) {
  return std::make_shared<LinearModel>(coef, y_mean - mean.dot(coef), FittedAttributes{},
                                       std::move(report));
}

std::shared_ptr<Model> fit_positive(const Moments& m, const RidgeParams& p) {
  const PenalisedQuadratic problem{
      m.gram / m.weight, m.xy / m.weight, m.yy / m.weight, 0.0, p.alpha / m.weight, true};
  const Descent found = coordinate_descent(problem, p.tol, p.max_iter.value_or(10000));
  FitReport report{found.n_iter, found.converged, {}};
  if (!found.converged) {
    report.warnings.push_back(fmt::format(
        "Ridge did not converge in {} sweeps; increase max_iter or alpha, or scale the columns",
        found.n_iter));
  }
  return make_model(found.coef, m.mean, m.y_mean, std::move(report));
}

std::shared_ptr<Model> fit_one(MomentsOnce& shared, const RidgeParams& p) {
  const Moments& m = shared.get(p.fit_intercept);
  if (p.positive) return fit_positive(m, p);
  FitReport report;
  report.n_iter = 1;
  const ScaledCholesky cholesky(m.gram, p.alpha);
  if (cholesky.resolves(m.noise)) {
    return make_model(cholesky.solve(m.xy), m.mean, m.y_mean, std::move(report));
  }
  const Spectrum& spectrum = shared.spectrum(p.fit_intercept);
  report.n_iter += spectrum.passes;
  report.warnings = refinement_warnings(m, spectrum);
  return make_model(spectrum.solve(p.alpha), spectrum.mean, spectrum.y_mean, std::move(report));
}

}  // namespace

std::vector<Trained> Ridge::train(Engine& engine, const Table& table, Batch batch) const {
  MomentsOnce shared(engine, table);
  std::vector<Trained> models;
  for (const auto& c : batch) models.push_back(fit_one(shared, c.params));
  return models;
}

std::shared_ptr<Model> Ridge::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, FittedAttributes{},
                                       FitReport{});
}

}  // namespace superstep
