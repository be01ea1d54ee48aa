// SPDX-License-Identifier: BSD-3-Clause
// Packs of floats, twice as many lanes as simd.hpp has doubles. For what is only a first look: with
// and without fused operations results differ in the last bit, so nothing that is kept may depend
// on them.
#pragma once

#include <algorithm>

#include <superstep/math/simd.hpp>

namespace superstep::math::simd {

// Every pack F has: width, load, broadcast, store; add_product(a, b, c) = a b + c, rounded once or
// twice; min, max; less giving a Mask; select(mask, yes, no).

template <int N>
struct PortableFloats {
  static constexpr int width = N;
  struct Mask {
    bool lane[N];
  };
  float lane[N];

  static PortableFloats load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  static PortableFloats broadcast(float a) {
    return each([&](int) { return a; });
  }
  void store(float* p) const { std::copy_n(lane, N, p); }
  friend PortableFloats add_product(PortableFloats a, PortableFloats b, PortableFloats c) {
    return each([&](int i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
  }
  friend PortableFloats min(PortableFloats a, PortableFloats b) {
    return each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  friend PortableFloats max(PortableFloats a, PortableFloats b) {
    return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  friend Mask less(PortableFloats a, PortableFloats b) {
    Mask m;
    for (int i = 0; i < N; ++i) m.lane[i] = a.lane[i] < b.lane[i];
    return m;
  }
  friend PortableFloats select(Mask m, PortableFloats yes, PortableFloats no) {
    return each([&](int i) { return m.lane[i] ? yes.lane[i] : no.lane[i]; });
  }

 private:
  template <class F>
  static PortableFloats each(F f) {
    PortableFloats result;
    for (int i = 0; i < N; ++i) result.lane[i] = f(i);
    return result;
  }
};

#if defined(__AVX2__) && defined(__FMA__)
struct Avx2Floats {
  static constexpr int width = 8;
  struct Mask {
    __m256 v;
  };
  __m256 v;

  SUPERSTEP_INLINE static Avx2Floats load(const float* p) { return {_mm256_loadu_ps(p)}; }
  SUPERSTEP_INLINE static Avx2Floats broadcast(float a) { return {_mm256_set1_ps(a)}; }
  SUPERSTEP_INLINE void store(float* p) const { _mm256_storeu_ps(p, v); }
  SUPERSTEP_INLINE friend Avx2Floats add_product(Avx2Floats a, Avx2Floats b, Avx2Floats c) {
    return {_mm256_fmadd_ps(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx2Floats min(Avx2Floats a, Avx2Floats b) {
    return {_mm256_min_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Floats max(Avx2Floats a, Avx2Floats b) {
    return {_mm256_max_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Mask less(Avx2Floats a, Avx2Floats b) {
    return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)};
  }
  SUPERSTEP_INLINE friend Avx2Floats select(Mask m, Avx2Floats yes, Avx2Floats no) {
    return {_mm256_blendv_ps(no.v, yes.v, m.v)};
  }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__)
struct Avx512Floats {
  static constexpr int width = 16;
  struct Mask {
    __mmask16 v;
  };
  __m512 v;

  SUPERSTEP_INLINE static Avx512Floats load(const float* p) { return {_mm512_loadu_ps(p)}; }
  SUPERSTEP_INLINE static Avx512Floats broadcast(float a) { return {_mm512_set1_ps(a)}; }
  SUPERSTEP_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  SUPERSTEP_INLINE friend Avx512Floats add_product(Avx512Floats a, Avx512Floats b, Avx512Floats c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx512Floats min(Avx512Floats a, Avx512Floats b) {
    return {_mm512_min_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Floats max(Avx512Floats a, Avx512Floats b) {
    return {_mm512_max_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Mask less(Avx512Floats a, Avx512Floats b) {
    return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)};
  }
  SUPERSTEP_INLINE friend Avx512Floats select(Mask m, Avx512Floats yes, Avx512Floats no) {
    return {_mm512_mask_blend_ps(m.v, no.v, yes.v)};
  }
};
using NativeFloats = Avx512Floats;
#elif defined(__AVX2__) && defined(__FMA__)
using NativeFloats = Avx2Floats;
#else
using NativeFloats = PortableFloats<4>;
#endif

}  // namespace superstep::math::simd
