// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/solvers/curvature.hpp>

#include <Eigen/Cholesky>
#include <cassert>
#include <cmath>
#include <utility>

namespace superstep::math {

Curvature::Curvature(Matrix block, Vector diagonal, Index copies)
    : block_(std::move(block)), diagonal_(std::move(diagonal)), copies_(copies) {
  // Columns that are constant, or whose rows all weigh nothing, have no curvature; any will do.
  for (Index j = 0; j < diagonal_.size(); ++j) {
    if (diagonal_[j] > 0.0) continue;
    diagonal_[j] = 1.0;
    if (block_.size() == 0) continue;
    block_.row(j).setZero();
    block_.col(j).setZero();
    block_(j, j) = 1.0;
  }
}

Curvature Curvature::blocks(Matrix block, Index copies) {
  block.triangularView<Eigen::StrictlyLower>() = block.transpose();
  Vector diagonal = block.diagonal();
  return {std::move(block), std::move(diagonal), copies};
}

Curvature Curvature::diagonal(const Vector& values) { return {Matrix(), values, 1}; }

void Curvature::add_column(Index j, double factor, Vector& to) const {
  const Index n = diagonal_.size();
  if (block_.size() == 0) {
    to[j] += factor * scale_ * diagonal_[j];
  } else {
    to.segment(j / n * n, n) += (factor * scale_) * block_.row(j % n).transpose();
  }
}

Vector Curvature::times(const Vector& v) const {
  if (block_.size() == 0) return scale_ * diagonal_.cwiseProduct(v);
  const Index n = diagonal_.size();
  Vector result(v.size());
  for (Index begin = 0; begin < v.size(); begin += n) {
    result.segment(begin, n).noalias() = scale_ * (block_ * v.segment(begin, n));
  }
  return result;
}

Vector Curvature::solve(const Vector& v) {
  if (block_.size() == 0) return v.cwiseQuotient(scale_ * diagonal_);
  if (factor_.size() == 0) factorise();
  const Index n = diagonal_.size();
  Vector result(v.size());
  for (Index begin = 0; begin < v.size(); begin += n) {
    Vector part = unit_.cwiseProduct(v.segment(begin, n));
    factor_.triangularView<Eigen::Upper>().transpose().solveInPlace(part);
    factor_.triangularView<Eigen::Upper>().solveInPlace(part);
    result.segment(begin, n) = unit_.cwiseProduct(part) / scale_;
  }
  return result;
}

// In place: every new matrix of many classes costs as much in pages as its factor in arithmetic.
void Curvature::factorise() {
  unit_ = diagonal_.cwiseSqrt().cwiseInverse();
  // Columns that depend on each other leave nothing to factorise. The ridge is far below what a
  // step needs and grows until it is enough.
  for (double ridge = 1e-12;; ridge *= 100.0) {
    factor_.noalias() = unit_.asDiagonal() * block_ * unit_.asDiagonal();
    factor_.diagonal().array() += ridge;
    const Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Upper> llt(factor_);
    if (llt.info() == Eigen::Success || ridge > 1.0) break;
  }
}

void Secants::add(Vector s, Vector y) {
  const double sy = s.dot(y);
  assert(sy > 0.0);
  if (static_cast<Index>(pairs_.size()) == memory_) pairs_.erase(pairs_.begin());
  pairs_.push_back({std::move(s), std::move(y), sy});
}

double Secants::newest_scale(Curvature& base) const {
  const Pair& p = pairs_.back();
  return p.sy / p.y.dot(base.solve(p.y));
}

Vector Secants::solve(Curvature& base, const Vector& v) const {
  Vector q = v;
  std::vector<double> a(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    a[i] = pairs_[i].s.dot(q) / pairs_[i].sy;
    q -= a[i] * pairs_[i].y;
  }
  Vector r = base.solve(q);
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double b = pairs_[i].y.dot(r) / pairs_[i].sy;
    r += (a[i] - b) * pairs_[i].s;
  }
  return r;
}

Secants::Corrections Secants::corrections(const Curvature& base) const {
  Corrections c;
  for (const Pair& p : pairs_) {
    Vector step = base.times(p.s);
    for (std::size_t i = 0; i < c.added.size(); ++i) {
      step += c.added[i].dot(p.s) * c.added[i] - c.removed[i].dot(p.s) * c.removed[i];
    }
    c.removed.push_back(step / std::sqrt(p.s.dot(step)));
    c.added.push_back(p.y / std::sqrt(p.sy));
  }
  return c;
}

}  // namespace superstep::math
