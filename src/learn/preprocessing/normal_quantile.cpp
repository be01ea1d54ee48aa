// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/normal_quantile.hpp"

#include <cmath>

namespace superstep {

namespace {

/// Of p <= 0.5, to four digits: Abramowitz and Stegun, "Handbook of Mathematical
/// Functions", 26.2.23.
double first_guess(double p) {
  const double t = std::sqrt(-2.0 * std::log(p));
  const double above = (0.010328 * t + 0.802853) * t + 2.515517;
  const double below = ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0;
  return above / below - t;
}

}  // namespace

double normal_quantile(double p) {
  if (p == 0.5) return 0.0;
  if (p <= 0.0) return -HUGE_VAL;
  if (p > 0.5) return -normal_quantile(1.0 - p);
  double z = first_guess(p);
  for (int i = 0; i < 3; ++i) {  // Halley's steps: each has three times the digits
    const double density = std::exp(-0.5 * z * z) / std::sqrt(2.0 * M_PI);
    const double step = (0.5 * std::erfc(-z / std::sqrt(2.0)) - p) / density;
    z -= step / (1.0 + 0.5 * z * step);
  }
  return z;
}

}  // namespace superstep
