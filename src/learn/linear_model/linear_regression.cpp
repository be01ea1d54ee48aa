// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/linear_regression.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "learn/linear_model/moment_fits.hpp"
#include "learn/linear_model/ridge_equations.hpp"

namespace superstep {

const ParamTable<LinearRegressionParams>& LinearRegression::param_table() {
  using Params = LinearRegressionParams;
  static const auto table =
      ParamTable<Params>("LinearRegression", "Ordinary least squares.")
          .add("fit_intercept", &Params::fit_intercept, anything(), "whether a constant is fitted")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("tol", &Params::tol, at_least(0.0),
               "directions with a singular value of at most tol times the largest are dropped; 0, "
               "or "
               "1 and more: only where rounding hides them")
          .refuse("n_jobs", {nullptr, 1, -1}, "mpirun and --threads say how many work")
          .add("positive", &Params::positive, anything(), "coefficients may not be negative");
  return table;
}

namespace {

/// The rank and the singular values, side by side.
Vector rank_and_values(Index rank, const Vector& singular) {
  Vector both(singular.size() + 1);
  both << static_cast<double>(rank), singular;
  return both;
}

/// Where the spectrum is cut, as LAPACK's gelsd understands its rcond.
double least_value(const LinearRegressionParams& p) { return p.tol < 1.0 ? p.tol : 0.0; }

/// Empty where `tol` drops no direction that double precision tells from zero.
std::string cut_warning(const LinearRegressionParams& p, Index rank, const Vector& values) {
  const auto columns = static_cast<double>(values.size());
  const double visible = 0x1p-52 * std::sqrt(columns) * values[0];
  const Index dropped =
      std::count_if(values.begin() + rank, values.end(), [&](double s) { return s > visible; });
  if (dropped == 0) return "";
  return fmt::format(
      "{} of {} directions have singular values below tol={} of the largest and were dropped; "
      "scale the columns (make_pipeline(StandardScaler(), ...)), or lower tol to keep them",
      dropped, values.size(), p.tol);
}

}  // namespace

MomentFit LinearRegression::solve(const Moments& m) const {
  const LinearRegressionParams& p = params();
  if (p.positive) return RidgeEquations{.alpha = 0.0, .positive = true, .tol = 0.0}.solve(m);
  const ScaledCholesky cholesky(m, 0.0);
  if (!cholesky.resolves(m.noise)) return {.is_resolved = false};
  const Vector values = singular_values(cholesky.factor());
  const double least = least_value(p);
  const Index varying = (m.gram.diagonal().array() > 0.0).count();
  if (least == 0.0 || values[0] == 0.0 || values[varying - 1] > 2.0 * least * values[0]) {
    MomentFit fit = MomentFit::of(cholesky.solve(m.xy), m.mean, m.y_mean);
    fit.n_iter = 1;
    fit.others = rank_and_values(varying, values);
    return fit;
  }
  if (!is_clear_cut(values, least, cholesky.error(m.noise))) return {.is_resolved = false};
  const Spectrum spectrum = spectrum_of(cholesky, m);
  const Index rank = spectrum.above(least);
  MomentFit fit = MomentFit::of(spectrum.solve(0.0, rank), m.mean, m.y_mean);
  fit.n_iter = 1;
  fit.others = rank_and_values(rank, spectrum.values);
  return fit;
}

MomentFit LinearRegression::refine(const Moments& m, const Spectrum& spectrum) const {
  if (params().positive) return MomentRegressor::refine(m, spectrum);
  const Index rank = std::min(spectrum.rank(), spectrum.above(least_value(params())));
  MomentFit fit = MomentFit::of(spectrum.solve(0.0, rank), spectrum.mean, spectrum.y_mean);
  fit.n_iter = 1 + spectrum.passes;
  fit.warnings = refinement_warnings(m, spectrum);
  fit.others = rank_and_values(rank, spectrum.values);
  return fit;
}

FittedAttributes LinearRegression::conclude(MomentFit& fit) const {
  if (!fit.converged) {
    fit.warnings.push_back(
        "LinearRegression did not find the optimum with positive=True, as a rule because columns "
        "are linearly dependent; remove some, or use Ridge(positive=True)");
  }
  if (fit.others.size() == 0) return {};
  const auto rank = static_cast<Index>(fit.others[0]);
  const Vector values = fit.others.tail(fit.others.size() - 1);
  const std::string cut = cut_warning(params(), rank, values);
  if (!cut.empty()) fit.warnings.push_back(cut);
  return {{"rank_", rank}, {"singular_", values}};
}

}  // namespace superstep
