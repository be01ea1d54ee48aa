// SPDX-License-Identifier: BSD-3-Clause
// The products on this machine's packs.
#include <superstep/math/products.hpp>

#include <math/float_products_kernels.hpp>
#include <math/gram_kernel.hpp>
#include <math/products_kernels.hpp>

namespace superstep::math {

void multiply(ConstPanel x, ConstPanel w, const double* start, Panel z) {
  multiply_with<simd::NativePack>(x, w, start, z);
}

void multiply_transposed_add(ConstPanel x, ConstPanel r, Panel g) {
  multiply_transposed_add_with<simd::NativePack>(x, r, g);
}

void multiply(FloatPanel x, FloatPanel w, WritableFloats z) {
  multiply_floats_with<simd::NativeFloats>(x, w, z);
}

void multiply_transposed_add(FloatPanel x, FloatPanel r, Panel g) {
  multiply_transposed_floats_with<simd::NativeFloats>(x, r, g);
}

void subtract(FloatPanel x, const float* shift, WritableFloats out) {
  subtract_with<simd::NativeFloats>(x, shift, out);
}

void widen(FloatPanel z, const double* start, Panel out) {
  widen_with<simd::NativePack>(z, start, out);
}

void narrow(ConstPanel z, WritableFloats out) { narrow_with<simd::NativePack>(z, out); }

void gram_add(const GramInput& input, double* gram) {
  gram_add_with<simd::NativePack>(input, gram);
}

void gram_add(const FloatGramInput& input, double* gram) {
  gram_add_with<simd::NativePack, float>(input, gram);
}

}  // namespace superstep::math
