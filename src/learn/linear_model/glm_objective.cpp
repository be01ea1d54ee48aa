// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_objective.hpp"

#include <algorithm>
#include <cmath>

#include <superstep/math/functions.hpp>

namespace superstep {

namespace {

/// A column is shifted for the kernels when its mean is so many times larger than its spread: else
/// the digits that the mean costs are not missed.
constexpr double large_offset = 64.0;

/// The mean of every output where only intercepts are in play: softmax, sigmoid or exp.
Vector means_of(GlmLoss loss, const Vector& intercepts) {
  Vector means = intercepts;
  if (loss == GlmLoss::poisson) means[0] = math::exp(intercepts[0]);
  if (loss == GlmLoss::logistic) means[0] = 1.0 / (1.0 + math::exp(-intercepts[0]));
  if (loss == GlmLoss::multinomial) {
    means.array() -= intercepts.maxCoeff();
    for (double& p : means) p = math::exp(p);
    means /= means.sum();
  }
  return means;
}

/// Second derivative of the loss by the margins of two outputs.
double margin_curvature(GlmLoss loss, const Vector& means, Index a, Index b) {
  if (loss == GlmLoss::poisson) return means[0];
  return means[a] * ((a == b ? 1.0 : 0.0) - means[b]);
}

}  // namespace

GlmObjective::GlmObjective(const GlmMoments& moments, const GlmTask& task)
    : m_(moments), task_(task), scale_(1.0) {
  const Index d = columns();
  const Index parts = m_.loss == GlmLoss::poisson ? 1 : m_.weight.size();
  if (task_.mean_loss) scale_ = 1.0 / m_.total_weight();
  kernel_shift_ = Vector::Zero(d);
  for (Index j = 0; j < d; ++j) {
    const double spread = std::ldexp(1.0, m_.spread_exponents[static_cast<std::size_t>(j)]);
    if (std::fabs(m_.shift[j]) > large_offset * spread) kernel_shift_[j] = m_.shift[j];
  }
  mean_ = Vector::Zero(d);
  offset_ = kernel_shift_;
  if (task_.fit_intercept) {
    const Vector from_shift = m_.sums.topRows(parts).colwise().sum() / m_.total_weight();
    mean_ = m_.shift + from_shift;
    // Taken apart so that shifted columns keep the digits of the small difference.
    for (Index j = 0; j < d; ++j) {
      offset_[j] = kernel_shift_[j] == m_.shift[j] ? -from_shift[j] : kernel_shift_[j] - mean_[j];
    }
  }
}

double GlmObjective::class_weight(Index part) const {
  return task_.class_weight.size() == 0 ? 1.0 : task_.class_weight[part];
}

// The start: no coefficients, and intercepts that give every class its share.

Vector GlmObjective::start_intercepts() const {
  Vector b = Vector::Zero(outputs());
  if (!task_.fit_intercept) return b;
  if (m_.loss == GlmLoss::poisson) {
    b[0] = math::log(m_.weight[1] / m_.weight[0]);
    return b;
  }
  Vector logs(m_.weight.size());
  double sum = 0.0;
  for (Index k = 0; k < logs.size(); ++k) sum += class_weight(k) * m_.weight[k];
  for (Index k = 0; k < logs.size(); ++k) {
    // A class that weighs nothing is given little rather than nothing.
    logs[k] = math::log(std::max(class_weight(k) * m_.weight[k], 1e-8 * sum));
  }
  if (m_.loss == GlmLoss::logistic) {
    b[0] = logs[1] - logs[0];
  } else {
    b = logs.array() - logs.mean();
  }
  return b;
}

math::Evaluation GlmObjective::evaluate_start(const Vector& intercepts) const {
  const Index d = columns();
  const Vector means = means_of(m_.loss, intercepts);
  // Moments of each part around the mean: sum of w (x - m).
  Matrix moments = m_.sums;
  for (Index part = 0; part < moments.rows(); ++part) {
    moments.row(part) += m_.weight[part] * (m_.shift - mean_).transpose();
  }
  math::Evaluation e;
  e.value = 0.0;
  e.gradient = Vector::Zero(outputs() * width());
  const auto add = [&](Index output, Index part, double residual) {
    e.gradient.segment(output * width(), d) += residual * moments.row(part).transpose();
    if (task_.fit_intercept) e.gradient[output * width() + d] += residual * m_.weight[part];
  };
  if (m_.loss == GlmLoss::poisson) {
    e.value = m_.weight[0] * means[0] - m_.weight[1] * intercepts[0];
    add(0, 0, means[0]);
    add(0, 1, -1.0);
  } else {
    for (Index part = 0; part < m_.weight.size(); ++part) {
      const double v = class_weight(part);
      const bool is_logistic = m_.loss == GlmLoss::logistic;
      const double share = is_logistic
                               ? 1.0 / (1.0 + math::exp(part == 1 ? -intercepts[0] : intercepts[0]))
                               : means[part];
      e.value -= v * m_.weight[part] * math::log(share);
      for (Index k = 0; k < outputs(); ++k) {
        const bool is_own = is_logistic ? part == 1 : part == k;
        add(k, part, v * (means[k] - (is_own ? 1.0 : 0.0)));
      }
    }
  }
  e.value *= scale_;
  e.gradient *= scale_;
  e.curvature = start_curvature(means);
  return e;
}

// The rows' own class weights are not in the Gram matrix; their mean stands for them.
math::Curvature GlmObjective::start_curvature(const Vector& means) const {
  const Index d = columns();
  double factor = scale_;
  if (task_.class_weight.size() > 0) {
    factor *= task_.class_weight.dot(m_.weight) / m_.total_weight();
  }
  double mean_curvature = 0.0;
  for (Index k = 0; k < outputs(); ++k) {
    mean_curvature +=
        factor * margin_curvature(m_.loss, means, k, k) / static_cast<double>(outputs());
  }
  const Vector offset = task_.fit_intercept ? Vector(m_.shift - mean_) : m_.shift;
  if (m_.gram.size() == 0) {
    Vector one(width());
    const Index parts = m_.loss == GlmLoss::poisson ? 1 : m_.weight.size();
    for (Index j = 0; j < d; ++j) {
      const double square = m_.squares.col(j).head(parts).sum() +
                            2.0 * offset[j] * m_.sums.col(j).head(parts).sum() +
                            offset[j] * offset[j] * m_.total_weight();
      one[j] = mean_curvature * square + task_.l2;
    }
    if (task_.fit_intercept) one[d] = mean_curvature * m_.total_weight();
    return math::Curvature::diagonal(one.replicate(outputs(), 1));
  }
  const Matrix gram = around_mean(m_.gram, offset);
  const Index n = width();
  if (!m_.is_dense) {
    Matrix block = mean_curvature * gram;
    block.diagonal().head(d).array() += task_.l2;
    return math::Curvature::blocks(block, outputs());
  }
  Matrix all(outputs() * n, outputs() * n);
  for (Index a = 0; a < outputs(); ++a) {
    for (Index b = 0; b < outputs(); ++b) {
      all.block(a * n, b * n, n, n) = factor * margin_curvature(m_.loss, means, a, b) * gram;
    }
    all.diagonal().segment(a * n, d).array() += task_.l2;
  }
  return math::Curvature::blocks(all, 1);
}

/// From products of [x - s | 1] to those of [x - m | 1], or of x without an intercept; x - m = x -
/// s + offset.
Matrix GlmObjective::around_mean(const Matrix& products, const Vector& offset) const {
  const Index d = columns();
  const Vector sums = products.col(d).head(d);
  const double weight = products(d, d);
  Matrix result(width(), width());
  result.topLeftCorner(d, d) = products.topLeftCorner(d, d) + offset * sums.transpose() +
                               sums * offset.transpose() + weight * offset * offset.transpose();
  if (task_.fit_intercept) {
    result.col(d).head(d) = sums + weight * offset;
    result.row(d) = result.col(d).transpose();
    result(d, d) = weight;
  }
  return result;
}

math::QuasiNewton GlmObjective::begin() const {
  const Vector intercepts = start_intercepts();
  Vector start = Vector::Zero(outputs() * width());
  if (task_.fit_intercept) {
    for (Index k = 0; k < outputs(); ++k) start[k * width() + columns()] = intercepts[k];
  }
  return {options(), std::move(start), evaluate_start(intercepts)};
}

math::QuasiNewton::Options GlmObjective::options() const {
  const Index d = columns();
  math::QuasiNewton::Options o;
  o.l1 = Vector::Zero(outputs() * width());
  o.max_iter = task_.max_iter;
  o.curvature_on_demand = m_.is_dense;
  o.tolerance = Vector::Constant(outputs() * width(), task_.tol);
  // What rounding leaves of sum v r x_j, by the Cauchy-Schwarz inequality: asking for less is in
  // vain.
  const Index part = m_.loss == GlmLoss::poisson ? 1 : 0;
  const Index parts = m_.weight.size() - part;
  double weight = 0.0;
  Vector squares = Vector::Zero(d);
  for (Index k = part; k < part + parts; ++k) {
    const double v = class_weight(k);
    weight += v * m_.weight[k];
    for (Index j = 0; j < d; ++j) {
      squares[j] +=
          v * (m_.squares(k, j) + m_.shift[j] * (2.0 * m_.sums(k, j) + m_.shift[j] * m_.weight[k]));
    }
  }
  const double unit = 16.0 * 0x1p-52 * scale_;
  for (Index k = 0; k < outputs(); ++k) {
    for (Index j = 0; j < d; ++j) {
      o.l1[k * width() + j] = task_.l1;
      double& tolerance = o.tolerance[k * width() + j];
      tolerance = std::max(tolerance, unit * std::sqrt(std::max(0.0, weight * squares[j])));
    }
    if (task_.fit_intercept) {
      double& tolerance = o.tolerance[k * width() + d];
      tolerance = std::max(tolerance, unit * weight);
    }
  }
  // scikit-learn tests the gradient by the uncentred coefficients: (x - m) r summed, plus m r.
  if (task_.fit_intercept) {
    o.tested_gradient = [mean = mean_, n = width()](const Vector& gradient) {
      Vector g = gradient;
      for (Index begin = 0; begin < g.size(); begin += n) {
        g.segment(begin, n - 1) += g[begin + n - 1] * mean;
      }
      return g;
    };
  }
  return o;
}

// A pass.

void GlmObjective::write_weights(const Vector& parameters, Index first, Matrix& weights,
                                 Vector& start) const {
  const Index d = columns();
  for (Index k = 0; k < outputs(); ++k) {
    const auto w = parameters.segment(k * width(), d);
    weights.col(first + k) = w;
    start[first + k] = offset_.dot(w);
    if (task_.fit_intercept) start[first + k] += parameters[k * width() + d];
  }
}

/// Bounds on sum v (x_j - s_j)^2 of any block.
Vector GlmObjective::column_bounds() const {
  const Index part = m_.loss == GlmLoss::poisson ? 1 : 0;
  Vector bounds = Vector::Zero(columns());
  for (Index k = part; k < m_.weight.size(); ++k) {
    const double v = class_weight(k);
    for (Index j = 0; j < columns(); ++j) {
      const double apart = m_.shift[j] - kernel_shift_[j];
      // (a + b)^2 <= 2 a^2 + 2 b^2
      bounds[j] += v * 2.0 * (m_.block_squares(k, j) + apart * apart * m_.block_weight[k]);
    }
  }
  return bounds;
}

/// A bound on sum v |z| of any block, over all outputs.
double GlmObjective::margin_bound(const Vector& parameters, const Vector& columns_squared,
                                  double weight) const {
  const Index d = columns();
  double bound = 0.0;
  for (Index k = 0; k < outputs(); ++k) {
    const auto w = parameters.segment(k * width(), d);
    bound += std::fabs(offset_.dot(w)) * weight;
    if (task_.fit_intercept) bound += std::fabs(parameters[k * width() + d]) * weight;
    for (Index j = 0; j < d; ++j) bound += std::fabs(w[j]) * std::sqrt(weight * columns_squared[j]);
  }
  return bound;
}

// With classes |residual| <= v, and every bound follows from the moments by the Cauchy-Schwarz
// inequality. For counts, exp(z) may be anything: it is expected to sum to no more than 2^10 times
// the counts.
Index GlmObjective::declare(SumShape& shape, const Vector& parameters, bool curvature,
                            int slack) const {
  const Index d = columns();
  const bool is_count = m_.loss == GlmLoss::poisson;
  const Index part = is_count ? 1 : 0;
  const Vector squares = column_bounds();
  double weight = 0.0;
  for (Index k = part; k < m_.weight.size(); ++k) weight += class_weight(k) * m_.block_weight[k];
  const double outputs_bits = static_cast<double>(2 * outputs());
  const double loss = outputs_bits * weight + 2.0 * margin_bound(parameters, squares, weight);
  const double means = is_count ? m_.weight[1] * 0x1p10 : 0.0;

  const Index first = shape.add(1, exponent_above(loss + means) + slack);
  std::vector<int> exponents, matrix;
  for (Index j = 0; j <= d; ++j) {
    const double square = j < d ? squares[j] : weight;
    double bound = std::sqrt(weight * square);
    int half = (exponent_above(square) + 1) / 2 + 1;
    if (is_count) {
      const double shifted = j < d ? std::fabs(m_.shift[j] - kernel_shift_[j]) : 0.0;
      const double spread =
          j < d ? std::ldexp(1.0, m_.spread_exponents[static_cast<std::size_t>(j)]) : 1.0;
      bound += means * (spread + shifted);
      half = exponent_above(spread + shifted) + (exponent_above(means) + 1) / 2;
    }
    exponents.push_back(exponent_above(bound) + 1 + slack);
    matrix.push_back(half);
  }
  std::vector<int> gradient;
  for (Index k = 0; k < outputs(); ++k) {
    gradient.insert(gradient.end(), exponents.begin(), exponents.end());
  }
  shape.add(gradient);
  for (Index pair = 0; curvature && pair < pairs(); ++pair) shape.add_symmetric(matrix, slack);
  return first;
}

math::Evaluation GlmObjective::evaluate(const Totals& totals, Index first_run,
                                        const Vector& parameters, bool curvature) const {
  const Index d = columns();
  const Index n = width();
  math::Evaluation e;
  e.value = scale_ * totals.value(first_run);
  e.gradient.resize(outputs() * n);
  const std::span<const double> sums = totals[first_run + 1];
  for (Index k = 0; k < outputs(); ++k) {
    const VectorView g(sums.data() + k * (d + 1), d + 1);
    e.gradient.segment(k * n, d) = scale_ * (g.head(d) + g[d] * offset_);
    if (task_.fit_intercept) e.gradient[k * n + d] = scale_ * g[d];
  }
  add_penalty(parameters, e);
  if (!curvature) return e;

  Matrix all(outputs() * n, outputs() * n);
  Index run = first_run + 2;
  for (Index a = 0; a < outputs(); ++a) {
    for (Index b = a; b < outputs(); ++b, ++run) {
      const MatrixView products(totals[run].data(), d + 1, d + 1);
      const double sign = a == b ? scale_ : -scale_;
      all.block(a * n, b * n, n, n) = sign * m_.sample_factor * around_mean(products, offset_);
    }
    all.diagonal().segment(a * n, d).array() += task_.l2;
  }
  e.curvature = math::Curvature::blocks(all, 1);
  return e;
}

void GlmObjective::add_penalty(const Vector& parameters, math::Evaluation& e) const {
  for (Index k = 0; k < outputs(); ++k) {
    const auto w = parameters.segment(k * width(), columns());
    e.value += 0.5 * task_.l2 * w.squaredNorm();
    e.gradient.segment(k * width(), columns()) += task_.l2 * w;
  }
}

GlmFit GlmObjective::finish(const math::QuasiNewton& solver) const {
  const Index d = columns();
  const Vector& t = solver.point();
  GlmFit fit;
  fit.coef.resize(outputs(), d);
  fit.intercept = Vector::Zero(outputs());
  for (Index k = 0; k < outputs(); ++k) {
    fit.coef.row(k) = t.segment(k * width(), d).transpose();
    if (task_.fit_intercept) fit.intercept[k] = t[k * width() + d];
  }
  const bool is_multinomial = m_.loss == GlmLoss::multinomial;
  // The same number added to every class changes nothing; scikit-learn's sum to zero.
  if (is_multinomial && task_.l1 == 0.0) fit.coef.rowwise() -= fit.coef.colwise().mean().eval();
  if (task_.fit_intercept) fit.intercept -= fit.coef * mean_;
  if (is_multinomial) fit.intercept.array() -= fit.intercept.mean();
  fit.n_iter = solver.iterations();
  fit.stop = solver.state();
  fit.gradient = solver.largest_gradient();
  return fit;
}

}  // namespace superstep
