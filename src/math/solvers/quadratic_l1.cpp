// SPDX-License-Identifier: BSD-3-Clause
// The quadratic problem with an L1 penalty inside a proximal Newton step.
#include <superstep/math/solvers/curvature.hpp>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

namespace superstep::math {

namespace {

double sign(double x) { return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0); }

class QuadraticL1 {
 public:
  QuadraticL1(const Curvature& base, const Secants& secants, const Vector& gradient,
              const Vector& from, const Vector& l1)
      : base_(base), l1_(l1), u_(from), r_(gradient) {
    const Secants::Corrections corrections = secants.corrections(base);
    const auto n = static_cast<Index>(corrections.added.size());
    rows_.resize(u_.size(), 2 * n);
    signs_.resize(2 * n);
    for (Index i = 0; i < n; ++i) {
      rows_.col(2 * i) = corrections.added[static_cast<std::size_t>(i)];
      rows_.col(2 * i + 1) = corrections.removed[static_cast<std::size_t>(i)];
      signs_[2 * i] = 1.0;
      signs_[2 * i + 1] = -1.0;
    }
    moved_ = Vector::Zero(2 * n);
    diagonal_.resize(u_.size());
    for (Index j = 0; j < u_.size(); ++j) {
      const double correction = rows_.row(j).cwiseAbs2().dot(signs_);
      // Cancellation may leave nothing of what is positive in exact arithmetic.
      diagonal_[j] = std::max(base_.at(j) + correction, 1e-8 * base_.at(j));
    }
  }

  Vector minimise() {
    constexpr int most_rounds = 100;
    const double first = sweep(false);
    // Of the squares of steps: the step is known to five digits, which later steps make good.
    const double enough = 1e-10 * first;
    for (int round = 0; round < most_rounds; ++round) {
      bool is_settled = false;
      for (int i = 0; i < 10 && !is_settled; ++i) is_settled = sweep(true) <= enough;
      if (!is_settled) polish();
      if (sweep(false) <= enough) break;
    }
    polish();
    return std::move(u_);
  }

 private:
  bool is_free(Index j) const { return u_[j] != 0.0 || l1_[j] == 0.0; }

  /// Entry j of the quadratic's gradient at u.
  double slope(Index j) const { return r_[j] + rows_.row(j).dot(moved_); }

  void move(Index j, double step) {
    base_.add_column(j, step, r_);
    moved_ += step * rows_.row(j).transpose().cwiseProduct(signs_);
  }

  /// Minimises along every coordinate in turn, or every free one. Returns the largest decrease
  /// (times two).
  double sweep(bool free_only) {
    double largest = 0.0;
    for (Index j = 0; j < u_.size(); ++j) {
      if (free_only && !is_free(j)) continue;
      const double b = diagonal_[j];
      const double wanted = b * u_[j] - slope(j);
      const double to = std::fabs(wanted) <= l1_[j] ? 0.0 : (wanted - l1_[j] * sign(wanted)) / b;
      const double step = to - u_[j];
      if (step == 0.0) continue;
      u_[j] = to;
      move(j, step);
      largest = std::max(largest, b * step * step);
    }
    return largest;
  }

  /// Goes to the minimum over the free coordinates with their signs, or as far as the first sign
  /// that would change; that coordinate is zero then, and the way goes on without it.
  void polish() {
    constexpr Index most_free = 768;
    for (int leg = 0; leg < 10; ++leg) {
      std::vector<Index> free;
      for (Index j = 0; j < u_.size(); ++j) {
        if (is_free(j)) free.push_back(j);
      }
      const auto n = static_cast<Index>(free.size());
      if (n == 0 || n > most_free) return;
      const Vector step = newton_step(free);
      if (step.size() == 0) return;
      double length = 1.0;
      Index blocking = -1;
      for (Index i = 0; i < n; ++i) {
        const Index j = free[static_cast<std::size_t>(i)];
        if (l1_[j] == 0.0 || u_[j] * (u_[j] + step[i]) > 0.0) continue;
        const double reach = -u_[j] / step[i];
        if (reach < length) {
          length = reach;
          blocking = j;
        }
      }
      for (Index i = 0; i < n; ++i) {
        const Index j = free[static_cast<std::size_t>(i)];
        const double to = j == blocking ? 0.0 : u_[j] + length * step[i];
        move(j, to - u_[j]);
        u_[j] = to;
      }
      if (blocking < 0) return;
    }
  }

  /// Empty if the matrix is not positive definite in double precision.
  Vector newton_step(const std::vector<Index>& free) const {
    const auto n = static_cast<Index>(free.size());
    Matrix B(n, n), corrections(n, signs_.size());
    Vector slopes(n), column(u_.size());
    for (Index i = 0; i < n; ++i) {
      const Index j = free[static_cast<std::size_t>(i)];
      slopes[i] = slope(j) + l1_[j] * sign(u_[j]);
      corrections.row(i) = rows_.row(j);
      column.setZero();
      base_.add_column(j, 1.0, column);
      for (Index k = 0; k < n; ++k) B(i, k) = column[free[static_cast<std::size_t>(k)]];
    }
    B += corrections * signs_.asDiagonal() * corrections.transpose();
    const Vector unit = B.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    B = unit.asDiagonal() * B * unit.asDiagonal();
    B.diagonal().array() += 1e-13;
    const Eigen::LLT<Matrix> llt(B);
    if (llt.info() != Eigen::Success) return {};
    const Vector step = unit.cwiseProduct(llt.solve(-unit.cwiseProduct(slopes)));
    return step.allFinite() ? step : Vector();
  }

  const Curvature& base_;
  const Vector& l1_;
  Vector diagonal_;
  Matrix rows_;  ///< the vectors that correct the base, side by side
  Vector signs_;
  Vector u_;
  Vector r_;      ///< gradient plus base times the way gone
  Vector moved_;  ///< signs times rows_' times the way gone
};

}  // namespace

Vector minimise_quadratic_l1(const Curvature& base, const Secants& secants, const Vector& gradient,
                             const Vector& from, const Vector& l1) {
  return QuadraticL1(base, secants, gradient, from, l1).minimise();
}

}  // namespace superstep::math
