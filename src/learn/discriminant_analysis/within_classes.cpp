// SPDX-License-Identifier: BSD-3-Clause
#include "learn/discriminant_analysis/within_classes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

Matrix shrunk(Matrix covariance, double shrinkage) {
  const double mean = covariance.trace() / static_cast<double>(covariance.rows());
  covariance *= 1.0 - shrinkage;
  covariance.diagonal().array() += shrinkage * mean;
  return covariance;
}

/// The sums around the means of the classes, together; columns that vary no more than rounding are
/// constant.
Matrix sum_of_grams(const std::vector<std::optional<Moments>>& of_class, Index columns) {
  Matrix gram = Matrix::Zero(columns, columns);
  Vector noise = Vector::Zero(columns);
  for (const auto& m : of_class) {
    if (!m) continue;
    gram += m->gram;
    noise += m->noise * m->noise_scale;
  }
  for (Index c = 0; c < columns; ++c) {
    if (gram(c, c) > noise[c]) continue;
    gram.row(c).setZero();
    gram.col(c).setZero();
  }
  return gram;
}

}  // namespace

WithinClasses::WithinClasses(Engine& engine, const Table& table, const ClassMoments& moments,
                             const SplitPtr& split, const AffineMapPtr& map)
    : engine_(engine), table_(table), moments_(moments), split_(split), map_(map) {
  const Index classes = moments.splits.classes();
  const Index columns = map ? map->columns_out() : table.columns();
  weight = Vector::Zero(classes);
  means = Matrix::Zero(classes, columns);
  of_class_.resize(static_cast<std::size_t>(classes));
  Index rows = 0;
  const std::vector<Index> present = present_classes(moments, table, split);
  for (const Index k : present) {
    Moments m = moments.of(engine, split, k);
    if (map) m = moments_behind(*map, m);
    weight[k] = m.weight;
    means.row(k) = m.mean.transpose();
    rows += m.rows;
    of_class_[static_cast<std::size_t>(k)] = std::move(m);
  }
  if (rows <= std::ssize(present)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: the number of rows must be more than the number of classes",
                                  table.data->y_name()));
  }
  gram_ = sum_of_grams(of_class_, columns);
  deviation_ = (gram_.diagonal() / weight.sum()).cwiseSqrt();
  deviation_ = (deviation_.array() > 0.0).select(deviation_, 1.0);
  axes_ = axes_of(gram_);
}

WithinClasses::Axes WithinClasses::axes_of(const Matrix& gram) const {
  const Vector inverse = deviation_.cwiseInverse();
  const Matrix scaled = inverse.asDiagonal() * gram * inverse.asDiagonal() / weight.sum();
  const Eigenpairs found = eigenpairs_of(0.5 * (scaled + scaled.transpose()));
  return {found.values.cwiseSqrt(), found.vectors};
}

double WithinClasses::noise() const {
  double most = 0.0;
  for (const auto& m : of_class_) {
    if (m) most = std::max(most, m->noise * m->amplification());
  }
  return most;
}

// With (x - mean of its class) / deviation = Y D V' and V, D the axes and singular values of the
// first look, the Gram matrix H of Y is close to the identity, so that its root R loses nothing,
// and R D V' has the singular values and right vectors of the rows.
void WithinClasses::look_again(double tol) {
  const double error = noise() * std::sqrt(static_cast<double>(means.cols()));
  const double least = std::max(tol * tol, 0x1p-100);
  // The smallest variance that is kept, and the gap to the largest that is not.
  double kept = 1.0, gap = 1.0;
  for (const double s : axes_.singular) {
    if (s > tol) kept = std::min(kept, s * s);
    gap = std::min(gap, std::fabs(s * s - least));
  }
  if (1e6 * error <= kept && 4.0 * error <= gap) return;
  const Vector D = axes_.singular.cwiseMax(0x1p-26 * axes_.singular[0]);
  const Matrix& V = axes_.axes;
  const Vector mean = means.transpose() * weight / weight.sum();
  const Matrix whitened =
      deviation_.cwiseInverse().asDiagonal() * V * D.cwiseInverse().asDiagonal();
  Table seen = map_ ? table_.through(map_) : table_;
  seen = seen.through(
      std::make_shared<AffineMap>(AffineMap::dense(mean, whitened, Vector::Zero(D.size()))));
  Footprint need = moments_footprint(D.size(), std::ssize(of_class_));
  need.solving += 12 * D.size() * D.size();
  engine_.reserve(seen, need,
                  "some columns nearly follow from others: to look at the rows again, ");
  const ClassMoments again(engine_, seen, std::ssize(of_class_), {&split_, 1});
  std::vector<std::optional<Moments>> of_class(of_class_.size());
  for (std::size_t k = 0; k < of_class.size(); ++k) {
    if (of_class_[k]) of_class[k] = again.of(engine_, split_, static_cast<Index>(k));
  }
  const Matrix gram = sum_of_grams(of_class, D.size()) / weight.sum();
  const Eigenpairs H = eigenpairs_of(gram);
  const Eigen::MatrixXd R = H.values.cwiseSqrt().asDiagonal() * H.vectors.transpose();
  const ThinSvd svd = graded_svd(R * D.asDiagonal());
  axes_ = {svd.values, V * svd.V};
}

Matrix WithinClasses::whitening(double tol) const {
  const Index rank = std::count_if(axes_.singular.begin(), axes_.singular.end(),
                                   [&](double s) { return s > tol; });
  return deviation_.cwiseInverse().asDiagonal() * axes_.axes.leftCols(rank) *
         axes_.singular.head(rank).cwiseInverse().asDiagonal();
}

Matrix WithinClasses::covariance(const Vector& priors, double shrinkage) const {
  Matrix sum = Matrix::Zero(means.cols(), means.cols());
  for (Index k = 0; k < means.rows(); ++k) {
    const auto& m = of_class_[static_cast<std::size_t>(k)];
    if (m) sum += priors[k] * shrunk(m->gram / m->weight, shrinkage);
  }
  return sum;
}

Matrix WithinClasses::covariance_of_all(double shrinkage) const {
  const Vector mean = means.transpose() * weight / weight.sum();
  Matrix sum = gram_;
  for (Index k = 0; k < means.rows(); ++k) {
    const Vector apart = means.row(k).transpose() - mean;
    if (weight[k] > 0.0) sum += weight[k] * apart * apart.transpose();
  }
  return shrunk(sum / weight.sum(), shrinkage);
}

}  // namespace superstep
