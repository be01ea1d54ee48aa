// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_objective.hpp"

#include <Eigen/Cholesky>
#include <cmath>

#include <superstep/math/functions.hpp>

namespace superstep {

GlmObjective::GlmObjective(const GlmMoments& moments, const GlmTask& task)
    : m_(moments), rows_(moments.of(task.split)), task_(task), scale_(1.0) {
  if (task_.mean_loss) scale_ = 1.0 / m_.total_weight(rows_);
  if (is_tweedie() && rows_.weight[1] > 0.0) {
    typical_margin_ = math::log(rows_.weight[1] / rows_.weight[0]);
  }
  find_mean();
  const Index d = columns();
  block_squares_ = Vector::Zero(d);
  for (Index part = first_part(); part < end_part(); ++part) {
    const double v = part_weight(part);
    weight_ += v * rows_.weight[part];
    block_weight_ += v * rows_.block_weight[part];
  }
  each_part_of_sums([&](Index row, double v, double, double block_weight) {
    for (Index j = 0; j < d; ++j) {
      const double apart = m_.shift[j] - m_.kernel_shift[j];
      // (a + b)^2 <= 2 a^2 + 2 b^2
      block_squares_[j] += v * 2.0 * (rows_.block_squares(row, j) + apart * apart * block_weight);
    }
  });
  const auto factor_of = [&](const Vector& part_weights) {
    double some = 0.0;
    for (Index part = first_part(); part < end_part(); ++part) {
      some += part_weight(part) * part_weights[part];
    }
    return some > 0.0 ? weight_ / some : 1.0;
  };
  for (const GlmLevel& level : rows_.levels) {
    level_factor_.push_back(factor_of(level.weight));
    sample_factor_.push_back(factor_of(level.sampled_weight));
  }
}

/// The mean behind the map, and how far from it the kernels' and the moments' origins lie.
void GlmObjective::find_mean() {
  const Index d = columns();
  if (!task_.fit_intercept) {
    const AffineMap* map = task_.features.get();
    const auto place = [&](const Vector& x) {
      return map == nullptr ? x : Vector(behind(x - map->centre()) + map->offset());
    };
    offset_ = place(m_.kernel_shift);
    shift_offset_ = place(m_.shift);
    mean_ = Vector::Zero(offset_.size());
    return;
  }
  const Vector from_shift =
      rows_.sums.topRows(end_of_sums()).colwise().sum().transpose() / m_.total_weight(rows_);
  const Vector mean = m_.shift + from_shift;
  Vector from_kernel(d);
  // Taken apart so that shifted columns keep the digits of the small difference.
  for (Index j = 0; j < d; ++j) {
    from_kernel[j] =
        m_.kernel_shift[j] == m_.shift[j] ? -from_shift[j] : m_.kernel_shift[j] - mean[j];
  }
  offset_ = behind(from_kernel);
  shift_offset_ = behind(-from_shift);
  mean_ = mean;
  if (!task_.features) return;
  mean_ = behind(mean - task_.features->centre()) + task_.features->offset();
}

double GlmObjective::part_weight(Index part) const {
  if (is_tweedie()) {
    const double e = part == 0 ? tweedie().a() : tweedie().b();
    return math::TweedieLoss::power_of_mean(typical_margin_, e);
  }
  return task_.class_weight.size() == 0 ? 1.0 : task_.class_weight[part];
}

// Through the map: a sum over x becomes the same sum over y.

Vector GlmObjective::behind(const Vector& in_front) const {
  return task_.features ? Vector(task_.features->transposed_times(in_front)) : in_front;
}

/// sum of |W_ij| times entry i
Vector GlmObjective::magnitude_behind(const Vector& in_front) const {
  if (!task_.features) return in_front;
  if (task_.features->is_diagonal())
    return task_.features->factor().cwiseAbs().cwiseProduct(in_front);
  return task_.features->weights().cwiseAbs().transpose() * in_front;
}

/// sum of W_ij^2 times entry i
Vector GlmObjective::squared_behind(const Vector& in_front) const {
  if (!task_.features) return in_front;
  if (task_.features->is_diagonal()) {
    return task_.features->factor().cwiseAbs2().cwiseProduct(in_front);
  }
  return task_.features->weights().cwiseAbs2().transpose() * in_front;
}

/// From products of [x - s | 1] to those of [y - m | 1], or of y without an intercept; y - m = (x -
/// s) W + offset.
Matrix GlmObjective::around_mean(const Matrix& products, const Vector& offset) const {
  const Index d = columns();
  const Index n = columns_behind();
  const Vector sums = behind(products.col(d).head(d));
  const double weight = products(d, d);
  Matrix result(width(), width());
  result.topLeftCorner(n, n) =
      offset * sums.transpose() + sums * offset.transpose() + weight * offset * offset.transpose();
  if (task_.features) {
    result.topLeftCorner(n, n) += task_.features->sandwich(products.topLeftCorner(d, d));
  } else {
    result.topLeftCorner(n, n) += products.topLeftCorner(d, d);
  }
  if (task_.fit_intercept) {
    result.col(n).head(n) = sums + weight * offset;
    result.row(n) = result.col(n).transpose();
    result(n, n) = weight;
  }
  return result;
}

// A pass.

/// u and b of an output: z = (x - s) u + b.
GlmObjective::Line GlmObjective::line(const Vector& parameters, Index output) const {
  const Index n = columns_behind();
  const auto w = parameters.segment(output * width(), n);
  Line line{task_.features ? Vector(task_.features->times(w)) : Vector(w), offset_.dot(w)};
  if (task_.fit_intercept) line.constant += parameters[output * width() + n];
  return line;
}

void GlmObjective::write_weights(const Vector& parameters, Index first, Matrix& weights,
                                 Vector& start) const {
  for (Index k = 0; k < outputs(); ++k) {
    const Line z = line(parameters, k);
    weights.col(first + k) = z.weights;
    start[first + k] = z.constant;
  }
}

/// A bound on sum v |z| of any block, over all outputs.
double GlmObjective::margin_bound(const Vector& parameters) const {
  double bound = 0.0;
  for (Index k = 0; k < outputs(); ++k) {
    const Line z = line(parameters, k);
    bound += std::fabs(z.constant) * block_weight_;
    for (Index j = 0; j < columns(); ++j) {
      bound += std::fabs(z.weights[j]) * std::sqrt(block_weight_ * block_squares_[j]);
    }
  }
  return bound;
}

/// What sums of mu^a or y mu^b are expected to stay below: 2^10 times what they are at the mean
/// target. Without an intercept training begins at means of 1.
double GlmObjective::expected_means() const {
  double means = weight_;
  if (!task_.fit_intercept) {
    means += rows_.weight[0] + (tweedie().b() == 0.0 ? 0.0 : rows_.weight[1]);
  }
  return means * 0x1p10;
}

// The norm of u over a block is no more than those of its terms added up (Minkowski).
GlmObjective::Bounds GlmObjective::hinge_bounds(const Vector& parameters) const {
  const Line z = line(parameters, 0);
  const double ones = std::sqrt(block_weight_);
  double norm = std::fabs(z.constant) * ones;
  for (Index j = 0; j < columns(); ++j) {
    norm += std::fabs(z.weights[j]) * std::sqrt(block_squares_[j]);
  }
  norm += m_.loss == GlmLoss::hinge ? ones : std::sqrt(m_.block_target_squares);
  return {norm * norm, 2.0 * norm};
}

// Of a hinge the sum of v residual^2 is four times the loss, so no more than four times the
// objective.
double GlmObjective::residual_size() const {
  return has_hinge() ? 2.0 / std::sqrt(scale_ * weight_) : 1.0;
}

// With classes |residual| <= v, and every bound follows from the moments by the Cauchy-Schwarz
// inequality; so it does for mu^0. Else the powers of exp(z) may be anything: a sum beyond what is
// expected of them puts the point out of reach, or asks for wider bounds.
std::vector<int> GlmObjective::declare(SumShape& shape, const Vector& parameters, bool curvature,
                                       int slack, Runs& runs) const {
  const Index d = columns();
  const double outputs_bits = static_cast<double>(2 * outputs());
  const Bounds hinged = has_hinge() ? hinge_bounds(parameters) : Bounds{};
  double loss = has_hinge() ? 2.0 * hinged.loss
                            : outputs_bits * block_weight_ + 2.0 * margin_bound(parameters);
  double means = 0.0, curvatures = 0.0;
  if (is_tweedie()) {
    const double expected = expected_means();
    for (const double e : {tweedie().a(), tweedie().b()}) {
      if (e == 0.0) continue;
      loss += expected / std::fabs(e);
      means += expected;
      curvatures += std::max(1.0, std::fabs(e)) * expected;
    }
  }

  runs.loss = shape.add(1, exponent_above(loss) + (bounds_the_loss() ? 0 : slack));
  std::vector<int> exponents, matrix;
  for (Index j = 0; j <= d; ++j) {
    const double square = j < d ? block_squares_[j] : block_weight_;
    double bound = std::sqrt(block_weight_ * square);
    int half = (exponent_above(square) + 1) / 2 + 1;
    if (is_tweedie()) {
      const double shifted = j < d ? std::fabs(m_.shift[j] - m_.kernel_shift[j]) : 0.0;
      const double spread =
          j < d ? std::ldexp(1.0, m_.spread_exponents[static_cast<std::size_t>(j)]) : 1.0;
      bound += means * (spread + shifted);
      half = exponent_above(spread + shifted) + (exponent_above(curvatures) + 1) / 2;
    } else if (has_hinge()) {
      bound = hinged.residuals * std::sqrt(square);
      half = (exponent_above(2.0 * square) + 1) / 2 + 1;
    }
    exponents.push_back(exponent_above(bound) + 1 + slack);
    matrix.push_back(half);
  }
  for (Index pair = 0; curvature && pair < pairs(); ++pair) shape.add_symmetric(matrix, slack);
  return exponents;
}

namespace {

/// Where a loss is not convex, a sum of second derivatives need not be of use for a step.
bool is_positive_definite(const Matrix& m) {
  if (!(m.diagonal().minCoeff() > 0.0)) return false;
  const Vector unit = m.diagonal().cwiseSqrt().cwiseInverse();
  Matrix scaled = unit.asDiagonal() * m * unit.asDiagonal();
  scaled.diagonal().array() += 1e-10;  // columns may depend on each other
  return Eigen::LLT<Matrix, Eigen::Upper>(scaled).info() == Eigen::Success;
}

}  // namespace

math::Evaluation GlmObjective::evaluate(const Totals& totals, const Runs& runs,
                                        const Vector& parameters, bool curvature, std::size_t level,
                                        bool of_all_rows) const {
  const Index d = columns();
  const Index n = columns_behind();
  const Index size = width();
  math::Evaluation e;
  const double scale = scale_ * level_factor_[level];
  e.value = scale * totals.value(runs.loss);
  e.gradient.resize(outputs() * size);
  const std::span<const double> sums = totals[runs.gradient];
  for (Index k = 0; k < outputs(); ++k) {
    const VectorView g(sums.data() + k * (d + 1), d + 1);
    e.gradient.segment(k * size, n) = scale * (behind(g.head(d)) + g[d] * offset_);
    if (task_.fit_intercept) e.gradient[k * size + n] = scale * g[d];
  }
  add_penalty(parameters, e);
  if (!curvature) return e;

  const double factor = of_all_rows ? level_factor_[level] : sample_factor_[level];
  Matrix all(outputs() * size, outputs() * size);
  Index run = runs.matrices();
  for (Index a = 0; a < outputs(); ++a) {
    for (Index b = a; b < outputs(); ++b, ++run) {
      const MatrixView products(totals[run].data(), d + 1, d + 1);
      const double sign = a == b ? scale_ : -scale_;
      all.block(a * size, b * size, size, size) = sign * factor * around_mean(products, offset_);
    }
    all.diagonal().segment(a * size, n).array() += task_.l2;
  }
  add_intercept_curvature(all);
  if (bounds_the_loss() || is_positive_definite(all)) {
    e.curvature = math::Curvature::blocks(std::move(all), 1);
  }
  return e;
}

void GlmObjective::add_penalty(const Vector& parameters, math::Evaluation& e) const {
  for (Index k = 0; k < outputs(); ++k) {
    const auto w = parameters.segment(k * width(), columns_behind());
    e.value += 0.5 * task_.l2 * w.squaredNorm();
    e.gradient.segment(k * width(), columns_behind()) += task_.l2 * w;
    if (!task_.fit_intercept || task_.intercept_l2 == 0.0) continue;
    const double b = intercept_of(parameters, k);
    e.value += 0.5 * task_.intercept_l2 * b * b;
    e.gradient.segment(k * width(), columns_behind()) -= task_.intercept_l2 * b * mean_;
    e.gradient[k * width() + columns_behind()] += task_.intercept_l2 * b;
  }
}

double GlmObjective::intercept_of(const Vector& parameters, Index output) const {
  const Index n = columns_behind();
  return parameters[output * width() + n] - mean_.dot(parameters.segment(output * width(), n));
}

void GlmObjective::add_intercept_curvature(Matrix& all) const {
  if (!task_.fit_intercept || task_.intercept_l2 == 0.0) return;
  Vector of_intercept(width());
  of_intercept << -mean_, 1.0;
  for (Index k = 0; k < outputs(); ++k) {
    all.block(k * width(), k * width(), width(), width()) +=
        task_.intercept_l2 * of_intercept * of_intercept.transpose();
  }
}

double GlmObjective::resolution(std::size_t level, double objective) const {
  Index rows = 0;
  for (Index part = 0; part < end_of_rows(); ++part) {
    rows += rows_.levels[level].rows[static_cast<std::size_t>(part)];
  }
  // A level's optimum is expected to be half a unit a parameter above the least objective, a unit
  // being the weight of all rows over the number of its own.
  // Numbers have a scale of their own.
  const double all = m_.loss == GlmLoss::tube ? objective : scale_ * weight_;
  const double unit = all / static_cast<double>(std::max<Index>(rows, 1));
  return 0.05 * 0.5 * static_cast<double>(outputs() * width()) * unit;
}

GlmFit GlmObjective::finish(const math::QuasiNewton& solver, const Vector& t) const {
  const Index n = columns_behind();
  GlmFit fit;
  fit.coef.resize(outputs(), n);
  fit.intercept = Vector::Zero(outputs());
  for (Index k = 0; k < outputs(); ++k) {
    fit.coef.row(k) = t.segment(k * width(), n).transpose();
    if (task_.fit_intercept) fit.intercept[k] = t[k * width() + n];
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
