// SPDX-License-Identifier: BSD-3-Clause
// Two packs that go through a function side by side: while one waits for its last instruction the
// other keeps the processor busy. What each lane computes stays the same.
#pragma once

#include <superstep/math/simd.hpp>

namespace superstep::math::simd {

template <class P>
struct TwinPack {
  static constexpr int width = 2 * P::width;
  struct Mask {
    typename P::Mask a, b;
  };
  P a, b;

  SUPERSTEP_INLINE static TwinPack load(const double* p) {
    return {P::load(p), P::load(p + P::width)};
  }
  SUPERSTEP_INLINE static TwinPack broadcast(double v) {
    return {P::broadcast(v), P::broadcast(v)};
  }
  SUPERSTEP_INLINE void store(double* p) const {
    a.store(p);
    b.store(p + P::width);
  }

  SUPERSTEP_INLINE friend TwinPack operator+(TwinPack x, TwinPack y) {
    return {x.a + y.a, x.b + y.b};
  }
  SUPERSTEP_INLINE friend TwinPack operator-(TwinPack x, TwinPack y) {
    return {x.a - y.a, x.b - y.b};
  }
  SUPERSTEP_INLINE friend TwinPack operator*(TwinPack x, TwinPack y) {
    return {x.a * y.a, x.b * y.b};
  }
  SUPERSTEP_INLINE friend TwinPack operator/(TwinPack x, TwinPack y) {
    return {x.a / y.a, x.b / y.b};
  }
  SUPERSTEP_INLINE friend TwinPack fma(TwinPack x, TwinPack y, TwinPack z) {
    return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)};
  }
  SUPERSTEP_INLINE friend TwinPack fnma(TwinPack x, TwinPack y, TwinPack z) {
    return {fnma(x.a, y.a, z.a), fnma(x.b, y.b, z.b)};
  }
  SUPERSTEP_INLINE friend TwinPack min(TwinPack x, TwinPack y) {
    return {min(x.a, y.a), min(x.b, y.b)};
  }
  SUPERSTEP_INLINE friend TwinPack max(TwinPack x, TwinPack y) {
    return {max(x.a, y.a), max(x.b, y.b)};
  }
  SUPERSTEP_INLINE friend TwinPack abs(TwinPack x) { return {abs(x.a), abs(x.b)}; }
  SUPERSTEP_INLINE friend TwinPack round_even(TwinPack x) {
    return {round_even(x.a), round_even(x.b)};
  }
  SUPERSTEP_INLINE friend Mask less(TwinPack x, TwinPack y) {
    return {less(x.a, y.a), less(x.b, y.b)};
  }
  SUPERSTEP_INLINE friend Mask equal(TwinPack x, TwinPack y) {
    return {equal(x.a, y.a), equal(x.b, y.b)};
  }
  SUPERSTEP_INLINE friend TwinPack select(Mask m, TwinPack yes, TwinPack no) {
    return {select(m.a, yes.a, no.a), select(m.b, yes.b, no.b)};
  }
  SUPERSTEP_INLINE friend TwinPack scale(TwinPack x, TwinPack n) {
    return {scale(x.a, n.a), scale(x.b, n.b)};
  }
};

}  // namespace superstep::math::simd
