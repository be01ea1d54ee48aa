// SPDX-License-Identifier: BSD-3-Clause
// What the equations of a MomentRegressor give, and the passes that bring their moments.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/candidate.hpp>
#include <superstep/learn/linear_model/moment_regressor.hpp>

#include "learn/linear_model/least_squares.hpp"

namespace superstep {

/// Linear functions found, one a target, of the columns behind the view's map.
struct MomentFit {
  /// Whether the moments were enough to find it; if not, the rest is not looked at.
  bool is_resolved = true;
  Matrix coef{};  ///< columns x targets
  Vector intercept{};
  Index n_iter = 0;
  bool converged = true;
  Vector others{};  ///< what else the estimator wants to know
  std::vector<std::string> warnings{};
  /// Squared errors of the rows that the split tests on, where moments tell them.
  std::shared_ptr<const MetricStatistics> held_out{};

  /// With the intercept that goes with these means.
  static MomentFit of(Matrix coef, const Vector& mean, const Vector& y_mean);
};

/// Fits all candidates, each a MomentLearner: one pass for those with an intercept and one for
/// those without; further ones for a split and map that the moments do not resolve (behind a map
/// its own moments first, then the spectrum). **Collective.**
std::vector<MomentFit> fit_from_moments(Engine& engine, const Table& table,
                                        std::span<const Candidate> candidates);

/// The squared errors of y ~ map(x) coef + intercept (map may be null) of each target on the rows
/// of these moments; null where cancellation would leave fewer than seven digits of one.
std::shared_ptr<const MetricStatistics> squared_errors(const Moments& m, const AffineMap* map,
                                                       const Matrix& coef, const Vector& intercept);

}  // namespace superstep
