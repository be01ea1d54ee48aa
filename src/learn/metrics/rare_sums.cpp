// SPDX-License-Identifier: BSD-3-Clause
// What the rarer metrics add to a block's sums.
#include <algorithm>
#include <cmath>
#include <limits>

#include <superstep/learn/metrics/sums.hpp>

namespace superstep {

void MetricSums::add_brier(const OutputRows& rows, Partial& sums) const {
  const Index first = plan_->column_of(Method::predict_proba);
  const Index k = plan_->classes();
  double total = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    if (rows.y[i] < 0.0) continue;
    const double* p = rows.outputs.row(i) + first;
    const auto code = static_cast<Index>(rows.y[i]);
    double distance = 0.0;
    if (k == 2) {  // scikit-learn looks at the second probability alone
      const double e = (code == 1 ? 1.0 : 0.0) - p[1];
      distance = 2.0 * (e * e);
    } else {
      for (Index c = 0; c < k; ++c) {
        const double e = (c == code ? 1.0 : 0.0) - p[c];
        distance += e * e;
      }
    }
    total += rows.weight_of(i) * distance;
  }
  put(sums, brier_, total);
}

void MetricSums::add_best_two(const OutputRows& rows, Partial& sums) const {
  const Index k = plan_->classes();
  const Index first = plan_->score_column();
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    if (rows.y[i] < 0.0) continue;
    Index better = 0;
    if (k > 2) {
      const double* score = rows.outputs.row(i) + first;
      const auto code = static_cast<Index>(rows.y[i]);
      for (Index c = 0; c < k; ++c) {
        // Of equal scores, that of the later class counts as the better, as in scikit-learn.
        better += score[c] > score[code] || (score[c] == score[code] && c > code) ? 1 : 0;
      }
    }
    if (better < 2) sums[best_two_][0] += rows.weight_of(i);
  }
}

void MetricSums::add_logs(const OutputRows& rows, Partial& sums) const {
  const Index column = plan_->column_of(Method::predict);
  double total = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    if (w == 0.0) continue;
    const double p = rows.outputs.row(i)[column];
    if (!(rows.y[i] > -1.0 && p > -1.0)) {
      sums[not_log_][0] += 1.0;
      continue;
    }
    const double e = std::log1p(rows.y[i]) - std::log1p(p);
    total += w * (e * e);
  }
  put(sums, squared_log_, total);
}

void MetricSums::add_percentages(const OutputRows& rows, Partial& sums) const {
  constexpr double least = std::numeric_limits<double>::epsilon();
  const Index column = plan_->column_of(Method::predict);
  double total = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    if (w == 0.0) continue;
    const double error = std::fabs(rows.y[i] - rows.outputs.row(i)[column]);
    total += w * (error / std::max(std::fabs(rows.y[i]), least));
  }
  put(sums, percentage_, total);
}

void MetricSums::add_gamma(const OutputRows& rows, Partial& sums) const {
  const Index column = plan_->column_of(Method::predict);
  double total = 0.0, of_shift = 0.0, target = 0.0;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double w = rows.weight_of(i);
    if (w == 0.0) continue;
    const double y = rows.y[i];
    const double p = rows.outputs.row(i)[column];
    if (!(y > 0.0 && p > 0.0)) {
      sums[not_gamma_][0] += 1.0;
      continue;
    }
    const double unit = y / positive_shift_;
    total += w * (std::log(p / y) + y / p - 1.0);
    of_shift += w * (unit - 1.0 - std::log(unit));
    target += w * unit;
  }
  put(sums, gamma_, total);
  put(sums, gamma_of_shift_, of_shift);
  put(sums, gamma_target_, target);
}

}  // namespace superstep
