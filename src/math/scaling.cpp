// SPDX-License-Identifier: BSD-3-Clause
// The kernels of scalers on this machine's packs.
#include <superstep/math/scaling.hpp>

#include <math/scaling_kernels.hpp>

namespace superstep::math {

using Native = simd::NativePack;

void column_moments_add(ConstPanel x, const double* weights, const double* shift,
                        const ColumnMoments& out) {
  column_moments_add_with<Native>(x, weights, shift, out);
}

void column_moments_add(FloatPanel x, const double* weights, const double* shift,
                        const ColumnMoments& out) {
  column_moments_add_with<Native, float>(x, weights, shift, out);
}

void centre_and_scale(ConstPanel x, const double* shift, const double* factor, Panel z) {
  centre_and_scale_with<Native>(x, shift, factor, z);
}

void divide_columns(ConstPanel x, const double* divisor, Panel z) {
  divide_columns_with<Native>(x, divisor, z);
}

void map_range(ConstPanel x, const double* shift, const double* factor, double start, double low,
               double high, Panel z) {
  map_range_with<Native>(x, shift, factor, start, low, high, z);
}

}  // namespace superstep::math
