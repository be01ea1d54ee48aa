// SPDX-License-Identifier: BSD-3-Clause
// Linear regressors from moments: the passes, the sharing of solutions between ranks, what the
// moments do not resolve, and the squared errors on held-out rows are the same for all of them; an
// estimator brings the equations it solves.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/candidate.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/least_squares.hpp"
#include "learn/views.hpp"

namespace superstep {

/// A linear function found, of the columns behind the view's map.
struct MomentFit {
  /// Whether the moments were enough to find it; if not, the rest is not looked at.
  bool is_resolved = true;
  Vector coef{};
  double intercept = 0.0;
  Index n_iter = 0;
  bool converged = true;
  Vector others{};  ///< what else the estimator wants to know
  std::vector<std::string> warnings{};
  /// Squared errors of the rows that the split tests on, where moments tell them.
  std::shared_ptr<const MetricStatistics> held_out{};

  /// With the intercept that goes with these means.
  static MomentFit of(Vector coef, const Vector& mean, double y_mean);
  /// As a batch returns it.
  Trained trained(FittedAttributes attributes) const;
};

/// From the moments of what candidate i sees. Replicated: must not communicate.
using SolveMoments = std::function<MomentFit(std::size_t i, const Moments&)>;
/// From the spectrum, where the moments do not resolve candidate i.
using SolveSpectrum = std::function<MomentFit(std::size_t i, const Moments&, const Spectrum&)>;

/// What such fits gather. **Collective.**
inline std::shared_ptr<const StageState> gather_for_moment_fits(Engine& engine, const Table& table,
                                                                std::span<const SplitPtr> splits) {
  return gather_moments(engine, table, {}, splits);
}

/// Fits all candidates, by their views (centred: with an intercept): one pass for those with an
/// intercept and one for those without; further ones for a split and map that the moments do not
/// resolve (behind a map its own moments first, then the spectrum, if `refine` is given).
/// **Collective.**
std::vector<MomentFit> fit_from_moments(
    Engine& engine, const Table& table, std::span<const View> views, const SolveMoments& solve,
    const SolveSpectrum& refine = nullptr,
    const std::shared_ptr<const StageState>& gathered = nullptr);

/// The squared errors of y ~ map(x) coef + intercept (map may be null) on the rows of these
/// moments; null where cancellation would leave fewer than seven digits.
std::shared_ptr<const MetricStatistics> squared_errors(const Moments& m, const AffineMap* map,
                                                       const Vector& coef, double intercept);

/// argmin |y - X b - c|^2 + penalty |b|^2, directly; and from the spectrum.
MomentFit ridge_fit(const Moments& m, double penalty);
MomentFit ridge_fit(const Moments& m, const Spectrum& spectrum, double penalty);

/// What fit_from_moments needs for so many columns and this batch.
/// `matrices_to_solve`: how many of the size of the Gram matrix a solution takes at a time, beside
/// it. More, where digits are missing and the rows are looked at again, is reserved when it is
/// known.
Footprint moment_fits_footprint(Index columns, std::span<const Candidate> batch,
                                Index matrices_to_solve);

}  // namespace superstep
