// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/column_stats.hpp>

#include <cstdint>
#include <cstring>

#include <math/column_stats_kernels.hpp>

namespace superstep::math {

using Native = simd::NativePack;

bool all_finite(const double* values, std::size_t count) {
  return all_finite_with<Native>(values, count);
}

bool all_finite(const float* values, std::size_t count) {
  // All exponent bits set, tested on integers in runs that the compiler turns into vector code.
  constexpr std::int32_t exponent = 0x7f800000;
  constexpr std::size_t run = 512;
  std::int32_t bits[run];
  for (std::size_t i = 0; i < count; i += run) {
    const std::size_t n = std::min(run, count - i);
    std::memcpy(bits, values + i, n * sizeof(float));
    std::int32_t greatest = 0;
    for (std::size_t k = 0; k < n; ++k) greatest = std::max(greatest, bits[k] & exponent);
    if (greatest == exponent) return false;
  }
  return true;
}

void column_max_abs_add(ConstPanel x, double* max_abs) {
  column_max_abs_add_with<Native>(x, max_abs);
}

void column_max_abs_add(FloatPanel x, double* max_abs) {
  column_max_abs_add_with<Native, float>(x, max_abs);
}

void column_range_add(ConstPanel x, double* low, double* high) {
  column_range_add_with<Native>(x, low, high);
}

void column_range_add(FloatPanel x, double* low, double* high) {
  column_range_add_with<Native, float>(x, low, high);
}

void class_moments_add(ConstPanel x, const double* codes, const double* weights,
                       const double* shift, const ClassMoments& out) {
  class_moments_add_with<Native>(x, codes, weights, shift, out);
}

void class_moments_add(FloatPanel x, const double* codes, const double* weights,
                       const double* shift, const ClassMoments& out) {
  class_moments_add_with<Native, float>(x, codes, weights, shift, out);
}

void class_sums_add(ConstPanel x, const double* codes, const double* weights, Panel sums) {
  class_sums_add_with<Native>(x, codes, weights, sums);
}

void class_sums_add(FloatPanel x, const double* codes, const double* weights, Panel sums) {
  class_sums_add_with<Native, float>(x, codes, weights, sums);
}

}  // namespace superstep::math
