// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/coordinate_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "learn/linear_model/least_squares.hpp"

namespace superstep {

namespace {

int sign(double v) { return (v > 0.0) - (v < 0.0); }

class Solver {
 public:
  explicit Solver(const PenalisedQuadratic& problem)
      : p_(problem), b_(Vector::Zero(p_.q.size())), gradient_(p_.q) {}

  Descent run(double tol, Index max_iter) {
    Descent result;
    std::vector<int> signs, tried;
    bool is_exact = false;
    Index last_sweep = max_iter;
    while (result.n_iter < last_sweep && !is_exact) {
      ++result.n_iter;
      const double change = sweep();
      std::vector<int> now = signs_of_b();
      if ((now == signs || result.converged) && now != tried) {
        tried = now;
        is_exact = solve_for_signs() && is_optimal();
        now = signs_of_b();
      }
      signs = std::move(now);
      if (result.converged && change <= 1e-10) break;
      if (!result.converged && (change <= tol || result.n_iter == max_iter)) {
        refresh_gradient();
        result.converged = gap() <= tol * p_.yy;
        // Good enough; the optimum itself is tried for as long again.
        if (result.converged) last_sweep = std::min(max_iter, 2 * result.n_iter + 20);
      }
    }
    result.converged = result.converged || is_exact;
    refresh_gradient();
    result.gap = gap();
    result.coef = b_;
    return result;
  }

 private:
  /// One visit to every coordinate. Returns the largest change relative to the largest coefficient.
  double sweep() {
    double largest_change = 0.0;
    double largest = 0.0;
    for (Index j = 0; j < b_.size(); ++j) {
      const double curvature = p_.G(j, j) + p_.l2;
      if (curvature == 0.0) continue;
      const double target = gradient_[j] + p_.G(j, j) * b_[j];
      double next = 0.0;
      if (target > p_.l1) next = (target - p_.l1) / curvature;
      if (target < -p_.l1 && !p_.positive) next = (target + p_.l1) / curvature;
      const double change = next - b_[j];
      if (change != 0.0) {
        gradient_ -= change * p_.G.row(j).transpose();
        b_[j] = next;
      }
      largest_change = std::max(largest_change, std::fabs(change));
      largest = std::max(largest, std::fabs(next));
    }
    return largest == 0.0 ? 0.0 : largest_change / largest;
  }

  std::vector<int> signs_of_b() const {
    std::vector<int> signs(static_cast<std::size_t>(b_.size()));
    std::ranges::transform(b_, signs.begin(), sign);
    return signs;
  }

  std::vector<Index> support() const {
    std::vector<Index> S;
    for (Index j = 0; j < b_.size(); ++j) {
      if (b_[j] != 0.0) S.push_back(j);
    }
    return S;
  }

  /// Goes to the minimum over the coefficients that are not zero, their signs kept: straight there,
  /// or as far as signs allow, and on from there without the coefficient that has become zero.
  /// Where columns are dependent that minimum may lie anywhere on a line; any end of it will do.
  /// False if it was not reached.
  bool solve_for_signs() {
    const bool sign_matters = p_.l1 > 0.0 || p_.positive;
    bool reached = true;
    for (bool blocked = true; blocked;) {
      const std::vector<Index> S = support();
      if (S.empty()) break;
      const Vector old = b_(S);
      const Matrix G = p_.G(S, S);
      const Vector force =
          p_.q(S) - G * old - p_.l2 * old - p_.l1 * old.unaryExpr(&sign).cast<double>();
      ScaledCholesky cholesky(G, p_.l2);
      reached = cholesky.succeeded();
      if (!reached) cholesky = ScaledCholesky(G, p_.l2, 1e-12);
      const Vector step = cholesky.solve(force);
      double length = 1.0;
      Index blocking = -1;
      for (Index k = 0; sign_matters && k < old.size(); ++k) {
        if (sign(old[k] + step[k]) == sign(old[k])) continue;
        const double reach = -old[k] / step[k];
        if (blocking < 0 || reach < length) {
          length = reach;
          blocking = k;
        }
      }
      for (Index k = 0; k < old.size(); ++k) {
        const double moved = old[k] + length * step[k];
        // A sign that rounding turned belongs to a coefficient that has reached zero, too.
        const bool is_kept = k != blocking && (!sign_matters || sign(moved) == sign(old[k]));
        b_[S[static_cast<std::size_t>(k)]] = is_kept ? moved : 0.0;
      }
      blocked = blocking >= 0;
    }
    refresh_gradient();
    return reached;
  }

  /// Whether no coefficient that is zero wants to leave it, up to rounding.
  bool is_optimal() const {
    const Vector length = p_.G.diagonal().cwiseSqrt();
    const double rounding = 1e-11 * std::sqrt(p_.yy) + 1e-14 * length.dot(b_.cwiseAbs());
    for (Index j = 0; j < b_.size(); ++j) {
      const double along = gradient_[j] - p_.l2 * b_[j];
      const double allowed = p_.l1 + rounding * length[j];
      const double excess = p_.positive ? along : std::fabs(along);
      if (b_[j] == 0.0 && excess > allowed) return false;
      if (b_[j] != 0.0 && std::fabs(along - p_.l1 * sign(b_[j])) > rounding * length[j])
        return false;
    }
    return true;
  }

  void refresh_gradient() { gradient_ = p_.q - p_.G * b_; }

  /// The smaller of two bounds on f(b) - min f, with R = y - X b and v = X'R.
  double gap() const {
    const double infinity = std::numeric_limits<double>::infinity();
    const double bb = b_.squaredNorm();
    const double R_y = p_.yy - p_.q.dot(b_);
    const double R2 = std::max(R_y - gradient_.dot(b_), 0.0);
    const double b1 = b_.lpNorm<1>();
    double bound = infinity;
    if (p_.l1 > 0.0) {  // the dual point is R, scaled until it is feasible; as in scikit-learn
      const Vector v = gradient_ - p_.l2 * b_;
      const double norm = p_.positive ? std::max(v.maxCoeff(), 0.0) : v.lpNorm<Eigen::Infinity>();
      const double scale = norm > p_.l1 ? p_.l1 / norm : 1.0;
      bound = 0.5 * R2 * (1.0 + scale * scale) + p_.l1 * b1 - scale * R_y +
              0.5 * p_.l2 * (1.0 + scale * scale) * bb;
    }
    if (p_.l2 > 0.0) {  // every dual point is feasible: R itself
      double conjugate = 0.0;
      for (const double v : gradient_) {
        const double beyond = std::max((p_.positive ? v : std::fabs(v)) - p_.l1, 0.0);
        conjugate += 0.5 * beyond * beyond / p_.l2;
      }
      bound = std::min(bound, R2 + p_.l1 * b1 + 0.5 * p_.l2 * bb - R_y + conjugate);
    }
    return std::max(bound, 0.0);
  }

  const PenalisedQuadratic& p_;
  Vector b_;
  Vector gradient_;  ///< q - G b: of the squares alone, with the sign turned
};

}  // namespace

Descent coordinate_descent(const PenalisedQuadratic& problem, double tol, Index max_iter) {
  return Solver(problem).run(tol, max_iter);
}

}  // namespace superstep
