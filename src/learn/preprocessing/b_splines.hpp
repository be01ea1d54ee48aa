// SPDX-License-Identifier: BSD-3-Clause
// B-splines over knots: those that are not zero at a value, by de Boor's recurrence (Carl de Boor,
// "A Practical Guide to Splines", 1978).
#pragma once

#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class BSplines {
 public:
  /// Knots ascend; there are more than 2 (degree + 1) - 1 of them. Equal ones are allowed.
  BSplines(std::vector<double> knots, Index degree) : knots_(std::move(knots)), degree_(degree) {}

  const std::vector<double>& knots() const { return knots_; }
  Index degree() const { return degree_; }
  Index count() const { return std::ssize(knots_) - degree_ - 1; }
  /// Between these the splines sum up to 1.
  double low() const { return knots_[static_cast<std::size_t>(degree_)]; }
  double high() const { return knots_[static_cast<std::size_t>(count())]; }

  /// Sets the degree + 1 values of the splines from the returned one on; beyond low() and high()
  /// the first and last polynomials go on. `values`: degree + 1 of them.
  Index at(double x, std::span<double> values) const;
  /// Likewise their slopes.
  Index slopes_at(double x, std::span<double> slopes) const;

 private:
  Index interval_of(double x) const;
  void raise(double x, Index interval, Index degree, std::span<double> values) const;
  double knot(Index i) const { return knots_[static_cast<std::size_t>(i)]; }

  std::vector<double> knots_;
  Index degree_;
};

}  // namespace superstep
