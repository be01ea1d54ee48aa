// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/b_splines.hpp"

#include <algorithm>

namespace superstep {

/// The number of the knot below x, so that there are degree + 1 splines over it.
Index BSplines::interval_of(double x) const {
  const auto first = knots_.begin() + degree_;
  const auto last = knots_.begin() + count();  // knots of the last interval but one end here
  const auto above = std::upper_bound(first, last, x);
  return std::max(degree_, (above - knots_.begin()) - 1);
}

/// From degree to degree: each spline is a mixture of two of the degree below.
void BSplines::raise(double x, Index interval, Index degree, std::span<double> values) const {
  values[0] = 1.0;
  std::vector<double> before(values.size());
  for (Index j = 1; j <= degree; ++j) {
    std::copy_n(values.begin(), j, before.begin());
    values[0] = 0.0;
    for (Index n = 1; n <= j; ++n) {
      const double b = knot(interval + n);
      const double a = knot(interval + n - j);
      const auto at = static_cast<std::size_t>(n);
      if (b == a) {  // over equal knots there is none
        values[at] = 0.0;
        continue;
      }
      const double w = before[at - 1] / (b - a);
      values[at - 1] += w * (b - x);
      values[at] = w * (x - a);
    }
  }
}

Index BSplines::at(double x, std::span<double> values) const {
  const Index interval = interval_of(x);
  raise(x, interval, degree_, values);
  return interval - degree_;
}

Index BSplines::slopes_at(double x, std::span<double> slopes) const {
  const Index interval = interval_of(x);
  std::ranges::fill(slopes, 0.0);
  if (degree_ == 0) return interval;
  std::vector<double> below(slopes.size(), 0.0);
  raise(x, interval, degree_ - 1, below);
  const auto k = static_cast<double>(degree_);
  for (Index n = 1; n <= degree_; ++n) {
    const double b = knot(interval + n);
    const double a = knot(interval + n - degree_);
    if (b == a) continue;
    const auto at = static_cast<std::size_t>(n);
    const double w = k * below[at - 1] / (b - a);
    slopes[at - 1] -= w;
    slopes[at] += w;
  }
  return interval - degree_;
}

}  // namespace superstep
