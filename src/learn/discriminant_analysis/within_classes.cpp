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
                             const SplitPtr& split, const AffineMapPtr& map, double bearable)
    : engine_(engine), table_(table), moments_(moments), split_(split), map_(map) {
  const Index classes = moments.splits.classes();
  const Index columns = map ? map->columns_out() : table.columns();
  weight = Vector::Zero(classes);
  means = Matrix::Zero(classes, columns);
  const std::vector<Index> present = present_classes(moments, table, split);
  of_class_ = moments.of(engine, split, map, bearable);
  Index rows = 0;
  for (const Index k : present) {
    const Moments& m = *of_class_[static_cast<std::size_t>(k)];
    weight[k] = m.weight;
    means.row(k) = m.mean.transpose();
    rows += m.rows;
  }
  if (rows <= std::ssize(present)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: {} rows of {} classes do not tell what varies within them; "
                                  "the number of rows must be more than the number of classes",
                                  table.data->y_name(), rows, present.size()));
  }
  gram_ = sum_of_grams(of_class_, columns);
  deviation_ = (gram_.diagonal() / weight.sum()).cwiseSqrt();
  deviation_ = (deviation_.array() > 0.0).select(deviation_, 1.0);
}

WithinClasses::Axes WithinClasses::rough_axes() const {
  const Vector inverse = deviation_.cwiseInverse();
  const Matrix scaled = inverse.asDiagonal() * gram_ * inverse.asDiagonal() / weight.sum();
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

void WithinClasses::prepare(double tol) {
  if (!rough_) engine_.replicated([&] { rough_ = rough_axes(); });
  if (!tells(tol) && !refined_) refined_ = look_again();
}

/// Whether the first look tells which directions are kept, and where they lie.
bool WithinClasses::tells(double tol) const {
  const double error = noise() * std::sqrt(static_cast<double>(means.cols()));
  const double least = std::max(tol * tol, 0x1p-100);
  // The smallest variance that is kept, and the gap to the largest that is not.
  double kept = 1.0, gap = 1.0;
  for (const double s : rough_->singular) {
    if (s > tol) kept = std::min(kept, s * s);
    gap = std::min(gap, std::fabs(s * s - least));
  }
  const bool varies = rough_->singular[0] > 0.0;
  return !varies || (1e6 * error <= kept && 4.0 * error <= gap);
}

// With (x - mean of its class) / deviation = Y D V' and V, D the axes and singular values of the
// first look, the Gram matrix H of Y is close to the identity, so that its root R loses nothing,
// and R D V' has the singular values and right vectors of the rows.
WithinClasses::Axes WithinClasses::look_again() const {
  const Vector D = rough_->singular.cwiseMax(0x1p-26 * rough_->singular[0]);
  const Matrix& V = rough_->axes;
  const Vector mean = means.transpose() * weight / weight.sum();
  const Matrix whitened =
      deviation_.cwiseInverse().asDiagonal() * V * D.cwiseInverse().asDiagonal();
  Table seen = map_ ? table_.through(map_) : table_;
  seen = seen.through(
      std::make_shared<AffineMap>(AffineMap::dense(mean, whitened, Vector::Zero(D.size()))));
  const Index classes = std::ssize(of_class_), matrix = D.size() * D.size();
  Footprint need = moments_footprint(D.size(), classes + 1);
  // Sums and moments of the first look, those of the second, and what is decomposed.
  need.replicated += (2 * moments_.sums->sums->cells() + 3 * classes + 8) * matrix;
  need.solving += 12 * matrix;
  engine_.reserve(seen, need,
                  "some columns nearly follow from others: to look at the rows again, ");
  const ClassMoments again(engine_, seen, classes, {&split_, 1});
  const auto of_class = again.of(engine_, split_, nullptr);
  Axes found;
  engine_.replicated([&] {
    const Eigenpairs H = eigenpairs_of(sum_of_grams(of_class, D.size()) / weight.sum());
    const Eigen::MatrixXd R = H.values.cwiseSqrt().asDiagonal() * H.vectors.transpose();
    const ThinSvd svd = graded_svd(R * D.asDiagonal());
    found = {svd.values, V * svd.V};
  });
  return found;
}

Matrix WithinClasses::whitening(double tol) const {
  const Axes& found = tells(tol) ? *rough_ : *refined_;
  const Index rank = std::ranges::count_if(found.singular, [&](double s) { return s > tol; });
  return deviation_.cwiseInverse().asDiagonal() * found.axes.leftCols(rank) *
         found.singular.head(rank).cwiseInverse().asDiagonal();
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
