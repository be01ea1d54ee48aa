// SPDX-License-Identifier: BSD-3-Clause
// The errors of ridge regression on each row, had it been left out of the training, without a fit
// for each: with X - mean = U diag(s) V' and g = alpha / (s^2 + alpha), the error of row i is
//   (y_i - U_i (1 - g) U'y) / (1 - w_i / W - U_i (1 - g) U_i')
// over rows scaled by the roots of their weights w, W being the sum of those (no w / W without an
// intercept). U is not kept: a row's part of it follows from the row.
#pragma once

#include <span>
#include <vector>

#include <superstep/learn/gram.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/metrics/statistics.hpp>

#include "learn/views.hpp"

namespace superstep {

/// Some rows through a map, and the alphas to be tried on them.
struct LeftOut {
  View view;
  bool fit_intercept = true;
  std::vector<double> alphas;
};

struct LeftOutErrors {
  MetricStatistics statistics;  ///< what `squared_errors` needs
  Index all_rows = 0;           ///< those without weight, too

  /// Greater is better. Without a metric the mean of squares, for which weights are not normalised.
  double score(const Metric* metric) const;
};

/// For each of them, by alpha. `sums`: of their splits. One pass, and those that it takes to
/// resolve singular values where the moments do not. **Collective.**
std::vector<std::vector<LeftOutErrors>> leave_one_out_errors(Engine& engine, const Table& table,
                                                             const GatheredMoments& sums,
                                                             std::span<const LeftOut> all);

/// Beside the moments, for one of them.
Footprint leave_one_out_footprint(Index columns, Index alphas);

}  // namespace superstep
