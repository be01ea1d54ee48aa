// SPDX-License-Identifier: BSD-3-Clause
#include "learn/decomposition/minka.hpp"

#include <cmath>
#include <numbers>

namespace superstep {

namespace {

double log_evidence(const Vector& eigenvalues, Index rank, double n) {
  constexpr double least = 1e-15;
  constexpr double pi = std::numbers::pi;
  const auto d = static_cast<double>(eigenvalues.size());
  const auto k = static_cast<double>(rank);
  // Such a small eigenvalue will not win, and its logarithms would be of rounding errors.
  if (eigenvalues[rank - 1] < least) return -HUGE_VAL;

  double p_u = -k * std::log(2.0);
  for (double i = 1; i <= k; ++i) {
    p_u += std::lgamma((d - i + 1) / 2) - std::log(pi) * (d - i + 1) / 2;
  }
  const double p_l = -eigenvalues.head(rank).array().log().sum() * n / 2;
  const double v = std::max(least, eigenvalues.tail(eigenvalues.size() - rank).sum() / (d - k));
  const double p_v = -std::log(v) * n * (d - k) / 2;
  const double m = d * k - k * (k + 1) / 2;
  const double p_p = std::log(2 * pi) * (m + k) / 2;

  double p_a = 0.0;
  for (Index i = 0; i < rank; ++i) {
    for (Index j = i + 1; j < eigenvalues.size(); ++j) {
      const double other = j < rank ? eigenvalues[j] : v;
      p_a += std::log((eigenvalues[i] - eigenvalues[j]) * (1 / other - 1 / eigenvalues[i])) +
             std::log(n);
    }
  }
  return p_u + p_l + p_v + p_p - p_a / 2 - k * std::log(n) / 2;
}

}  // namespace

Index minka_dimension(const Vector& eigenvalues, double n) {
  Index best = 0;
  double greatest = -HUGE_VAL;
  for (Index rank = 1; rank < eigenvalues.size(); ++rank) {
    const double evidence = log_evidence(eigenvalues, rank, n);
    // Equal eigenvalues leave the evidence undefined (an infinity, or NaN).
    if (!std::isfinite(evidence) || !(evidence > greatest)) continue;
    greatest = evidence;
    best = rank;
  }
  return std::max<Index>(best, 1);
}

}  // namespace superstep
