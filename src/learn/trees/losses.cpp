// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/losses.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include <superstep/math/functions.hpp>
#include <superstep/math/links.hpp>

namespace superstep::trees {

namespace {

void weigh(Index n, const double* weight, double* gradient, double* hessian) {
  if (weight == nullptr) return;
  for (Index i = 0; i < n; ++i) {
    gradient[i] *= weight[i];
    hessian[i] *= weight[i];
  }
}

void binary(Index n, const double* s, const double* y, double* gradient, double* hessian) {
  std::copy_n(s, n, gradient);
  math::sigmoid(math::Panel(gradient, n, 1));
  for (Index i = 0; i < n; ++i) {
    const double p = gradient[i];
    gradient[i] = p - y[i];
    hessian[i] = p * (1.0 - p);
  }
}

/// Scores row by row.
void transpose(const RowScores& s, double* to) {
  for (Index k = 0; k < s.outputs; ++k) {
    for (Index i = 0; i < s.rows; ++i) to[i * s.outputs + k] = s.scores[k * s.rows + i];
  }
}

void multinomial(const RowScores& s, const double* y, double* gradient, double* hessian,
                 double* scratch) {
  transpose(s, scratch);
  math::softmax(math::Panel(scratch, s.rows, s.outputs), s.outputs);
  for (Index k = 0; k < s.outputs; ++k) {
    for (Index i = 0; i < s.rows; ++i) {
      const double p = scratch[i * s.outputs + k];
      gradient[k * s.rows + i] = p - (y[i] == static_cast<double>(k) ? 1.0 : 0.0);
      hessian[k * s.rows + i] = p * (1.0 - p);
    }
  }
}

/// gradient = exp(sign * s), and what of it is the derivatives.
template <class F>
void by_exponential(Index n, const double* s, double sign, double* gradient, const F& finish) {
  for (Index i = 0; i < n; ++i) gradient[i] = sign * s[i];
  const std::span<double> all(gradient, static_cast<std::size_t>(n));
  math::exp(all, all);
  for (Index i = 0; i < n; ++i) finish(i);
}

}  // namespace

void derivatives(Loss loss, double quantile, const RowScores& s, const double* y,
                 const double* weight, double* gradient, double* hessian, double* scratch) {
  const Index n = s.rows;
  switch (loss) {
    case Loss::binary:
      binary(n, s.scores, y, gradient, hessian);
      break;
    case Loss::multinomial:
      multinomial(s, y, gradient, hessian, scratch);
      break;
    case Loss::squared:
      for (Index i = 0; i < n; ++i) gradient[i] = s.scores[i] - y[i];
      std::fill_n(hessian, n, 1.0);
      break;
    case Loss::quantile:
      for (Index i = 0; i < n; ++i) gradient[i] = y[i] >= s.scores[i] ? -quantile : 1.0 - quantile;
      std::fill_n(hessian, n, 1.0);
      break;
    case Loss::poisson:
      by_exponential(n, s.scores, 1.0, gradient, [&](Index i) {
        hessian[i] = gradient[i];
        gradient[i] -= y[i];
      });
      break;
    case Loss::gamma:
      by_exponential(n, s.scores, -1.0, gradient, [&](Index i) {
        hessian[i] = y[i] * gradient[i];
        gradient[i] = 1.0 - hessian[i];
      });
      break;
  }
  for (Index k = 0; k < s.outputs; ++k) weigh(n, weight, gradient + k * n, hessian + k * n);
}

void losses_of(Loss loss, double quantile, const RowScores& s, const double* y, double* losses,
               double* scratch) {
  const double* z = s.scores;
  const Index n = s.rows;
  switch (loss) {
    case Loss::binary:
      for (Index i = 0; i < n; ++i) {
        losses[i] = math::log1p(math::exp(-std::fabs(z[i]))) + std::max(z[i], 0.0) - y[i] * z[i];
      }
      return;
    case Loss::multinomial:
      transpose(s, scratch);
      for (Index i = 0; i < n; ++i) {
        const double* row = scratch + i * s.outputs;
        const double largest = *std::max_element(row, row + s.outputs);
        double sum = 0.0;
        for (Index k = 0; k < s.outputs; ++k) sum += math::exp(row[k] - largest);
        losses[i] = math::log(sum) + largest - row[static_cast<Index>(y[i])];
      }
      return;
    case Loss::squared:
      for (Index i = 0; i < n; ++i) losses[i] = 0.5 * (z[i] - y[i]) * (z[i] - y[i]);
      return;
    case Loss::quantile:
      for (Index i = 0; i < n; ++i) {
        const double over = z[i] - y[i];
        losses[i] = over > 0.0 ? (1.0 - quantile) * over : -quantile * over;
      }
      return;
    case Loss::poisson:
      for (Index i = 0; i < n; ++i) losses[i] = math::exp(z[i]) - y[i] * z[i];
      return;
    case Loss::gamma:
      for (Index i = 0; i < n; ++i) losses[i] = z[i] + y[i] * math::exp(-z[i]);
      return;
  }
}

Vector first_scores(Loss loss, const Vector& weight_of_class, double mean) {
  if (!has_classes(loss)) {
    const bool has_link = loss == Loss::poisson || loss == Loss::gamma;
    return Vector::Constant(1, has_link ? math::log(mean) : mean);
  }
  constexpr double least = std::numeric_limits<double>::epsilon();
  Vector p = (weight_of_class / weight_of_class.sum()).cwiseMax(least).cwiseMin(1.0 - least);
  if (loss == Loss::binary) return Vector::Constant(1, math::log(p[1] / (1.0 - p[1])));
  for (double& v : p) v = math::log(v);
  return p.array() - p.mean();
}

void exponentials(Loss loss, math::Panel scores) {
  switch (loss) {
    case Loss::binary:
      math::sigmoid(scores);
      return;
    case Loss::multinomial:
      math::softmax(scores, scores.columns);
      return;
    case Loss::squared:
    case Loss::quantile:
      return;
    case Loss::poisson:
    case Loss::gamma:
      math::exponential(scores);
      return;
  }
}

}  // namespace superstep::trees
