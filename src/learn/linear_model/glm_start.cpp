// SPDX-License-Identifier: BSD-3-Clause
// Where the training of a generalised linear model begins, and when it may end: all from the first
// pass. The start has no coefficients, and intercepts that give every class its share.
#include <algorithm>
#include <cmath>

#include <superstep/math/functions.hpp>

#include "learn/linear_model/glm_objective.hpp"

namespace superstep {

namespace {

/// The mean of every output where only intercepts are in play: softmax, sigmoid or exp.
Vector means_of(GlmLoss loss, const Vector& intercepts) {
  Vector means = intercepts;
  if (loss == GlmLoss::tweedie) means[0] = math::exp(intercepts[0]);
  if (loss == GlmLoss::logistic) means[0] = 1.0 / (1.0 + math::exp(-intercepts[0]));
  if (loss == GlmLoss::multinomial) {
    means.array() -= intercepts.maxCoeff();
    for (double& p : means) p = math::exp(p);
    means /= means.sum();
  }
  return means;
}

/// Second derivative of the loss of a class by the margins of two outputs.
double margin_curvature(const Vector& means, Index a, Index b) {
  return means[a] * ((a == b ? 1.0 : 0.0) - means[b]);
}

/// That of a Tweedie loss for all rows at a margin, or what is expected of it if that is more.
double margin_curvature(math::TweedieLoss loss, double margin, double mean_target) {
  const double expected = math::TweedieLoss::power_of_mean(margin, loss.a());
  const double of_targets = math::TweedieLoss::power_of_mean(margin, loss.b()) * mean_target;
  return std::max(expected, loss.a() * expected - loss.b() * of_targets);
}

}  // namespace

math::QuasiNewton GlmObjective::begin(Index max_iter) const {
  const Vector intercepts = start_intercepts();
  Vector start = Vector::Zero(outputs() * width());
  if (task_.fit_intercept) {
    for (Index k = 0; k < outputs(); ++k) start[k * width() + columns_behind()] = intercepts[k];
  }
  return {options(max_iter), std::move(start), evaluate_start(intercepts)};
}

Vector GlmObjective::start_intercepts() const {
  Vector b = Vector::Zero(outputs());
  if (!task_.fit_intercept || has_hinge()) return b;
  if (is_tweedie()) {
    b[0] = math::log(rows_.weight[1] / rows_.weight[0]);
    return b;
  }
  Vector logs(rows_.parts());
  double sum = 0.0;
  for (Index k = 0; k < logs.size(); ++k) sum += part_weight(k) * rows_.weight[k];
  for (Index k = 0; k < logs.size(); ++k) {
    // A class that weighs nothing is given little rather than nothing.
    logs[k] = math::log(std::max(part_weight(k) * rows_.weight[k], 1e-8 * sum));
  }
  if (m_.loss == GlmLoss::logistic) {
    b[0] = logs[1] - logs[0];
  } else {
    b = logs.array() - logs.mean();
  }
  return b;
}

math::Evaluation GlmObjective::evaluate_start(const Vector& intercepts) const {
  const Index n = columns_behind();
  const Vector means = means_of(m_.loss, intercepts);
  if (begins_unseen()) {
    return {.value = 0.0,
            .gradient = Vector::Zero(outputs() * width()),
            .curvature = start_curvature(intercepts, means)};
  }
  // Moments of each part around the mean: sum of w (y - m).
  Matrix moments(rows_.parts(), n);
  for (Index part = 0; part < rows_.parts(); ++part) {
    moments.row(part) = behind(rows_.sums.row(part)) + rows_.weight[part] * shift_offset_;
  }
  math::Evaluation e;
  e.value = 0.0;
  e.gradient = Vector::Zero(outputs() * width());
  const auto add = [&](Index output, Index part, double residual) {
    e.gradient.segment(output * width(), n) += residual * moments.row(part).transpose();
    if (task_.fit_intercept) e.gradient[output * width() + n] += residual * rows_.weight[part];
  };
  if (is_tweedie()) {
    const double z = intercepts[0], a = tweedie().a(), b = tweedie().b();
    e.value = rows_.weight[0] * math::TweedieLoss::integral(z, a) -
              rows_.weight[1] * math::TweedieLoss::integral(z, b);
    add(0, 0, math::TweedieLoss::power_of_mean(z, a));
    add(0, 1, -math::TweedieLoss::power_of_mean(z, b));
  } else if (m_.loss == GlmLoss::hinge) {
    for (Index part = 0; part < rows_.parts(); ++part) {
      const double v = part_weight(part);
      const bool is_place = static_cast<double>(part) == task_.place;
      e.value += v * rows_.weight[part];  // u is 1 in every row
      add(0, part, is_place ? -2.0 * v : 2.0 * v);
    }
  } else if (!has_hinge()) {
    for (Index part = 0; part < rows_.parts(); ++part) {
      const double v = part_weight(part);
      const bool is_logistic = m_.loss == GlmLoss::logistic;
      const double share = is_logistic
                               ? 1.0 / (1.0 + math::exp(part == 1 ? -intercepts[0] : intercepts[0]))
                               : means[part];
      e.value -= v * rows_.weight[part] * math::log(share);
      for (Index k = 0; k < outputs(); ++k) {
        const bool is_own = is_logistic ? part == 1 : part == k;
        add(k, part, v * (means[k] - (is_own ? 1.0 : 0.0)));
      }
    }
  }
  e.value *= scale_;
  e.gradient *= scale_;
  e.curvature = start_curvature(intercepts, means);
  return e;
}

// The Gram matrix is that of all rows: those a split trains on are taken to be like the others. The
// rows' own class weights are not in it either; their mean stands for them.
math::Curvature GlmObjective::start_curvature(const Vector& intercepts, const Vector& means) const {
  double factor = scale_;
  if (task_.class_weight.size() > 0) {
    factor *= task_.class_weight.dot(rows_.weight) / m_.total_weight(rows_);
  }
  const double mean_target = is_tweedie() ? rows_.weight[1] / rows_.weight[0] : 0.0;
  const auto curvature_of = [&](Index a, Index b) {
    if (has_hinge()) return 2.0;
    return is_tweedie() ? margin_curvature(tweedie(), intercepts[0], mean_target)
                        : margin_curvature(means, a, b);
  };
  double mean_curvature = 0.0;
  for (Index k = 0; k < outputs(); ++k) {
    mean_curvature += factor * curvature_of(k, k) / static_cast<double>(outputs());
  }
  if (m_.gram.size() == 0) return diagonal_curvature(mean_curvature);
  Matrix gram = m_.total_weight(rows_) * around_mean(m_.gram, shift_offset_);
  fill_up(gram, means[0]);
  const Index n = width();
  if (!rows_.is_dense) {
    Matrix block = mean_curvature * gram;
    block.diagonal().head(columns_behind()).array() += task_.l2;
    if (outputs() == 1) add_intercept_curvature(block);
    return math::Curvature::blocks(std::move(block), outputs());
  }
  Matrix all(outputs() * n, outputs() * n);
  for (Index a = 0; a < outputs(); ++a) {
    for (Index b = 0; b < outputs(); ++b) {
      all.block(a * n, b * n, n, n) = factor * curvature_of(a, b) * gram;
    }
    all.diagonal().segment(a * n, columns_behind()).array() += task_.l2;
  }
  add_intercept_curvature(all);
  return math::Curvature::blocks(std::move(all), 1);
}

/// Sums of w (y - m)^2 of every column over some parts.
Vector GlmObjective::squares_behind(Index begin, Index end) const {
  const Vector sums =
      behind(Vector(rows_.sums.middleRows(begin, end - begin).colwise().sum().transpose()));
  const Vector squares = squared_behind(
      Vector(rows_.squares.middleRows(begin, end - begin).colwise().sum().transpose()));
  const double weight = rows_.has_sums_of_parts() ? rows_.weight.segment(begin, end - begin).sum()
                                                  : rows_.weight.sum();
  return squares + 2.0 * shift_offset_.cwiseProduct(sums) + weight * shift_offset_.cwiseAbs2();
}

// The Gram matrix comes from a sample, which may have missed a rare column; and a column whose
// targets are far above their mean needs short steps. The diagonal is known of all rows.
void GlmObjective::fill_up(Matrix& gram, double mean) const {
  if (task_.features && !task_.features->is_diagonal()) return;
  Vector least = squares_behind(0, end_of_sums());
  if (is_tweedie()) least = 0.5 * (least + squares_behind(1, 2) / mean);
  for (Index j = 0; j < columns_behind(); ++j) {
    if (gram(j, j) < 0.5 * least[j]) gram(j, j) = least[j];
  }
}

/// Behind a dense map as if the columns in front of it were not correlated.
math::Curvature GlmObjective::diagonal_curvature(double factor) const {
  const Index n = columns_behind();
  const Index parts = end_of_sums();
  const double weight = m_.total_weight(rows_);
  const Vector sums = rows_.sums.topRows(parts).colwise().sum().transpose();
  Vector squares = rows_.squares.topRows(parts).colwise().sum().transpose();
  const Vector sums_behind = behind(sums);
  if (task_.features) {
    // sum of w (x - mean)^2 goes through W^2, the mean through W.
    squares =
        squared_behind(squares - sums.cwiseAbs2() / weight) + sums_behind.cwiseAbs2() / weight;
  }
  Vector one(width());
  for (Index j = 0; j < n; ++j) {
    const double square = squares[j] + 2.0 * shift_offset_[j] * sums_behind[j] +
                          shift_offset_[j] * shift_offset_[j] * weight;
    one[j] = factor * square + task_.l2;
  }
  if (task_.fit_intercept) one[n] = factor * weight + task_.intercept_l2;
  return math::Curvature::diagonal(one.replicate(outputs(), 1));
}

math::QuasiNewton::Options GlmObjective::options(Index max_iter) const {
  const Index n = columns_behind();
  math::QuasiNewton::Options o;
  o.l1 = Vector::Zero(outputs() * width());
  o.max_iter = max_iter;
  // The objective is as flat as the square of the gradient.
  const double tightness = std::min(1.0, task_.tol / 1e-4);
  o.negligible = 1e-12 * tightness * tightness;
  if (m_.in_floats) o.value_noise = 1e-8;
  o.curvature_on_demand = rows_.is_dense;
  // A loss is the difference of integrals that may be larger.
  if (is_tweedie()) {
    for (const double e : {tweedie().a(), tweedie().b()}) {
      if (e != 0.0) o.magnitude += scale_ * weight_ / std::fabs(e);
    }
  }
  if (has_hinge()) {
    o.worthless = std::max(2.0 * o.value_noise, 1e-6 * task_.tol);
    o.rounding = rounding();
    o.tolerance = intercept_rounding();
  } else {
    o.tolerance = rounding().replicate(outputs(), 1).cwiseMax(task_.tol);
  }
  for (Index k = 0; k < outputs(); ++k) o.l1.segment(k * width(), n).setConstant(task_.l1);
  // scikit-learn tests the gradient by the uncentred coefficients: (y - m) r summed, plus m r.
  if (task_.fit_intercept && !has_hinge()) {
    o.tested_gradient = [mean = mean_, size = width()](const Vector& gradient) {
      Vector g = gradient;
      for (Index begin = 0; begin < g.size(); begin += size) {
        g.segment(begin, size - 1) += g[begin + size - 1] * mean;
      }
      return g;
    };
  }
  return o;
}

/// What rounding leaves of the gradient of one output, sum v r y_j, by the Cauchy-Schwarz
/// inequality: asking for less is in vain.
Vector GlmObjective::rounding() const {
  double weight = 0.0;
  Vector in_front = Vector::Zero(columns());
  const Vector apart = m_.shift - m_.kernel_shift;
  each_part_of_sums([&](Index row, double v, double rows_weight, double) {
    weight += v * rows_weight;
    for (Index j = 0; j < columns(); ++j) {
      in_front[j] += v * (rows_.squares(row, j) +
                          apart[j] * (2.0 * rows_.sums(row, j) + apart[j] * rows_weight));
    }
  });
  for (double& square : in_front) square = std::sqrt(std::max(0.0, weight * square));
  const double unit = (m_.in_floats ? 0x1p-26 : 16.0 * 0x1p-52) * scale_ * residual_size();
  Vector least(width());
  least.head(columns_behind()) =
      unit * (magnitude_behind(in_front) +
              weight * (has_hinge() ? offset_ : Vector(offset_ + mean_)).cwiseAbs());
  if (task_.fit_intercept) least[columns_behind()] = unit * weight;
  return least;
}

/// A penalised intercept is the difference of numbers as large as the margins.
Vector GlmObjective::intercept_rounding() const {
  Vector least = Vector::Zero(width());
  if (!task_.fit_intercept) return least;
  const double margin = m_.loss == GlmLoss::tube ? std::sqrt(m_.target_square) : 1.0;
  const double difference = 4.0 * 0x1p-52 * task_.intercept_l2 * margin;
  least << difference * mean_.cwiseAbs(), difference;
  return least;
}

}  // namespace superstep
