// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/affine_map.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/math/products.hpp>
#include <superstep/math/scaling.hpp>

namespace superstep {

AffineMap AffineMap::diagonal(Vector centre, Vector factor, Vector offset) {
  return {std::move(centre), std::move(factor), Matrix(), std::move(offset)};
}

AffineMap AffineMap::divided(Vector centre, Vector divisor) {
  Vector none = Vector::Zero(centre.size());
  AffineMap map = diagonal(std::move(centre), divisor.cwiseInverse(), std::move(none));
  map.divisor_ = std::move(divisor);
  return map;
}

AffineMap AffineMap::dense(Vector centre, Matrix weights, Vector offset) {
  return {std::move(centre), Vector(), std::move(weights), std::move(offset)};
}

// ((x - c) W + o - c2) W2 + o2 = (x - c) W W2 + (o - c2) W2 + o2
AffineMap AffineMap::composed(const AffineMap& first, const AffineMap& second) {
  const Vector between = first.offset_ - second.centre_;
  Vector offset = second.offset_;
  offset += second.transposed_times(between).col(0);
  if (first.is_diagonal() && second.is_diagonal()) {
    return diagonal(first.centre_, first.factor_.cwiseProduct(second.factor_), std::move(offset));
  }
  const Matrix second_weights =
      second.is_diagonal() ? Matrix(second.factor_.asDiagonal()) : second.weights_;
  return dense(first.centre_, first.times(second_weights), std::move(offset));
}

void AffineMap::apply(const double* in, Index rows, double* out) const {
  const Index d = columns_in();
  const math::ConstPanel x(in, rows, d);
  const math::Panel y(out, rows, columns_out());
  if (is_diagonal()) {
    math::centre_and_scale(x, centre_.data(), factor_.data(), y);
    if (offset_.isZero(0.0)) return;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < d; ++j) y.row(i)[j] += offset_[j];
    }
    return;
  }
  constexpr Index tall = 128;
  Matrix centred(std::min(tall, rows), d);
  for (Index row = 0; row < rows; row += tall) {
    const Index n = std::min(tall, rows - row);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < d; ++j) centred(i, j) = x.row(row + i)[j] - centre_[j];
    }
    math::multiply(math::Panel(centred).middle_rows(0, n), weights_, offset_.data(),
                   y.middle_rows(row, n));
  }
}

bool AffineMap::keeps_sparse() const {
  return is_diagonal() && centre_.isZero(0.0) && offset_.isZero(0.0);
}

void AffineMap::apply_sparse(const SparseRows& in, Index rows, SparseRowsOut& out) const {
  for (Index i = 0; i < rows; ++i) {
    for (Index k = in.begin[i]; k < in.end[i]; ++k) {
      out.put(in.columns[k], in.value(k) * factor_[in.columns[k]]);
    }
    out.end_row();
  }
}

Matrix AffineMap::times(const Matrix& M) const {
  if (divisor_.size() > 0) return M.array().colwise() / divisor_.array();
  return is_diagonal() ? Matrix(factor_.asDiagonal() * M) : Matrix(weights_ * M);
}

Matrix AffineMap::transposed_times(const Matrix& M) const {
  if (divisor_.size() > 0) return times(M);
  return is_diagonal() ? Matrix(factor_.asDiagonal() * M) : Matrix(weights_.transpose() * M);
}

Matrix AffineMap::sandwich(const Matrix& G) const {
  const Matrix divisors = divisor_ * divisor_.transpose();
  if (divisor_.size() > 0 && divisors.unaryExpr([](double v) { return std::isnormal(v); }).all()) {
    return G.cwiseQuotient(divisors);
  }
  return is_diagonal() ? Matrix(factor_.asDiagonal() * G * factor_.asDiagonal())
                       : Matrix(weights_.transpose() * G * weights_);
}

bool AffineMap::operator==(const AffineMap& other) const {
  const auto equal = [](const auto& a, const auto& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() && a == b;
  };
  return equal(centre_, other.centre_) && equal(factor_, other.factor_) &&
         equal(weights_, other.weights_) && equal(offset_, other.offset_) &&
         equal(divisor_, other.divisor_);
}

AffineMapPtr composed(const AffineMapPtr& first, const AffineMapPtr& second) {
  if (!first) return second;
  if (!second) return first;
  return std::make_shared<AffineMap>(AffineMap::composed(*first, *second));
}

}  // namespace superstep
