// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the kernels share: every pack this build can run, test data, comparison of
// bits.
#pragma once

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <superstep/math/panel.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
using Packs = ::testing::Types<simd::Avx512Pack, simd::Avx2Pack, simd::PortablePack<4>>;
#elif defined(__AVX2__) && defined(__FMA__)
using Packs = ::testing::Types<simd::Avx2Pack, simd::PortablePack<4>>;
#else
using Packs = ::testing::Types<simd::PortablePack<4>>;
#endif

/// A rectangle with its memory. Rows are `gap` doubles farther apart than they need to be, and what
/// lies between them must stay as it is.
class Rectangle {
 public:
  Rectangle(Index rows, Index columns, Index gap = 0)
      : rows_(rows), columns_(columns), stride_(columns + gap) {
    values_.assign(static_cast<std::size_t>(rows * stride_), gap_value);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < columns; ++j) (*this)(i, j) = 0;
    }
  }
  static Rectangle random(Index rows, Index columns, unsigned seed, Index gap = 0) {
    Rectangle r(rows, columns, gap);
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < columns; ++j) r(i, j) = normal(engine);
    }
    return r;
  }
  double& operator()(Index i, Index j) {
    return values_[static_cast<std::size_t>(i * stride_ + j)];
  }
  double operator()(Index i, Index j) const {
    return values_[static_cast<std::size_t>(i * stride_ + j)];
  }
  operator Panel() { return {values_.data(), rows_, columns_, stride_}; }
  operator ConstPanel() const { return {values_.data(), rows_, columns_, stride_}; }
  double* data() { return values_.data(); }
  Index rows() const { return rows_; }
  Index columns() const { return columns_; }
  /// One column as a rectangle.
  Rectangle column(Index j) const {
    Rectangle r(rows_, 1);
    for (Index i = 0; i < rows_; ++i) r(i, 0) = (*this)(i, j);
    return r;
  }
  bool gaps_untouched() const {
    for (Index i = 0; i < rows_; ++i) {
      for (Index j = columns_; j < stride_; ++j) {
        if ((*this)(i, j) != gap_value) return false;
      }
    }
    return true;
  }

 private:
  static constexpr double gap_value = -7.25e77;
  Index rows_, columns_, stride_;
  std::vector<double> values_;
};

inline std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }

inline ::testing::AssertionResult same_bits(double a, double b) {
  if (bits(a) == bits(b)) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << a << " and " << b << " differ by " << a - b;
}

inline ::testing::AssertionResult same_bits(const Rectangle& a, const Rectangle& b) {
  if (a.rows() != b.rows() || a.columns() != b.columns()) {
    return ::testing::AssertionFailure() << "different shapes";
  }
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.columns(); ++j) {
      if (bits(a(i, j)) != bits(b(i, j))) {
        return ::testing::AssertionFailure() << "(" << i << ", " << j << "): " << a(i, j) << " and "
                                             << b(i, j) << " differ by " << a(i, j) - b(i, j);
      }
    }
  }
  return ::testing::AssertionSuccess();
}

}  // namespace superstep::math
