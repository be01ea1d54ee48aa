// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/linear_regression.hpp>

#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/coordinate_descent.hpp"
#include "learn/linear_model/least_squares.hpp"

namespace superstep {

const ParamTable<LinearRegressionParams>& LinearRegression::param_table() const {
  using Params = LinearRegressionParams;
  static const auto table =
      ParamTable<Params>("LinearRegression", "Ordinary least squares.")
          .add("fit_intercept", &Params::fit_intercept, anything(), "whether a constant is fitted")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .refuse("n_jobs", {nullptr, 1, -1}, "mpirun and --threads say how many work")
          .add("positive", &Params::positive, anything(), "coefficients may not be negative");
  return table;
}

Footprint LinearRegression::footprint(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_footprint(columns);
}

namespace {

std::shared_ptr<Model> fit_positive(const Moments& m) {
  constexpr Index most_sweeps = 10000;
  const PenalisedQuadratic problem{
      m.gram / m.weight, m.xy / m.weight, m.yy / m.weight, 0.0, 0.0, true};
  const Descent found = coordinate_descent(problem, 0.0, most_sweeps);
  FitReport report{found.n_iter, found.converged, {}};
  if (!found.converged) {
    report.warnings.push_back(
        "LinearRegression did not find the optimum with positive=True, as a rule because columns "
        "are "
        "linearly dependent; remove some, or use Ridge(positive=True)");
  }
  return std::make_shared<LinearModel>(found.coef, m.y_mean - m.mean.dot(found.coef),
                                       FittedAttributes{}, std::move(report));
}

std::shared_ptr<Model> make_model(const Vector& coef, const Vector& mean, double y_mean, Index rank,
                                  const Vector& singular, FitReport report) {
  return std::make_shared<LinearModel>(coef, y_mean - mean.dot(coef),
                                       FittedAttributes{{"rank_", rank}, {"singular_", singular}},
                                       std::move(report));
}

std::shared_ptr<Model> fit_one(MomentsOnce& shared, const LinearRegressionParams& p) {
  const Moments& m = shared.get(p.fit_intercept);
  if (p.positive) return fit_positive(m);
  FitReport report;
  report.n_iter = 1;
  const ScaledCholesky cholesky(m.gram, 0.0);
  if (cholesky.resolves(m.noise)) {
    const Vector singular = singular_values(cholesky.factor());
    const Index rank = (m.gram.diagonal().array() > 0.0).count();
    return make_model(cholesky.solve(m.xy), m.mean, m.y_mean, rank, singular, std::move(report));
  }
  const Spectrum& spectrum = shared.spectrum(p.fit_intercept);
  report.n_iter += spectrum.passes;
  report.warnings = refinement_warnings(m, spectrum);
  return make_model(spectrum.solve(0.0), spectrum.mean, spectrum.y_mean, spectrum.rank(),
                    spectrum.values, std::move(report));
}

}  // namespace

std::vector<Trained> LinearRegression::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  MomentsOnce shared(engine, table);
  std::vector<Trained> models;
  for (const auto& c : batch) models.push_back(fit_one(shared, c.params));
  return models;
}

std::shared_ptr<Model> LinearRegression::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"rank_", Index{0}}, {"singular_", Vector()}});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, std::move(saved.others),
                                       FitReport{});
}

}  // namespace superstep
