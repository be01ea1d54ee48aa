// SPDX-License-Identifier: BSD-3-Clause
// Packs of floats, twice as many lanes as simd.hpp has doubles. With and without fused operations
// add_product() differs in the last bit, so nothing that is kept may depend on it: it is for first
// looks. All else has the same bits with every pack.
#pragma once

#include <algorithm>
#include <cmath>

#include <utility>

#include <superstep/math/simd.hpp>

namespace superstep::math::simd {

// Every pack F has: Value, width, load, load_partial (lanes from n on are 0), broadcast, store,
// store_partial, -; fma(a, b, c) = a b + c, rounded once; add_product(a, b, c), rounded once or
// twice; min, max; less giving a Mask; select(mask, yes, no); transpose as in simd.hpp.

template <int N>
struct PortableFloats {
  using Value = float;
  static constexpr int width = N;
  struct Mask {
    bool lane[N];
  };
  float lane[N];

  static PortableFloats load(const float* p) {
    return each([&](int i) { return p[i]; });
  }
  static PortableFloats load_partial(const float* p, int n) {
    return each([&](int i) { return i < n ? p[i] : 0.0F; });
  }
  static PortableFloats broadcast(float a) {
    return each([&](int) { return a; });
  }
  void store(float* p) const { std::copy_n(lane, N, p); }
  void store_partial(float* p, int n) const { std::copy_n(lane, n, p); }
  friend PortableFloats operator-(PortableFloats a, PortableFloats b) {
    return each([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  friend PortableFloats fma(PortableFloats a, PortableFloats b, PortableFloats c) {
    return each([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  static void transpose(PortableFloats* p) {
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < i; ++j) std::swap(p[i].lane[j], p[j].lane[i]);
    }
  }
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
  using Value = float;
  static constexpr int width = 8;
  struct Mask {
    __m256 v;
  };
  __m256 v;

  SUPERSTEP_INLINE static Avx2Floats load(const float* p) { return {_mm256_loadu_ps(p)}; }
  SUPERSTEP_INLINE static Avx2Floats load_partial(const float* p, int n) {
    return {_mm256_maskload_ps(p, first(n))};
  }
  SUPERSTEP_INLINE static Avx2Floats broadcast(float a) { return {_mm256_set1_ps(a)}; }
  SUPERSTEP_INLINE void store(float* p) const { _mm256_storeu_ps(p, v); }
#if defined(__AVX512VL__)
  SUPERSTEP_INLINE void store_partial(float* p, int n) const {
    _mm256_mask_storeu_ps(p, static_cast<__mmask8>(n >= width ? 0xff : (1 << n) - 1), v);
  }
#else
  SUPERSTEP_INLINE void store_partial(float* p, int n) const {
    float lanes[width];
    store(lanes);
    for (int i = 0; i < std::min(n, width); ++i) p[i] = lanes[i];
  }
#endif
  SUPERSTEP_INLINE friend Avx2Floats operator-(Avx2Floats a, Avx2Floats b) {
    return {_mm256_sub_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Floats fma(Avx2Floats a, Avx2Floats b, Avx2Floats c) {
    return {_mm256_fmadd_ps(a.v, b.v, c.v)};
  }
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
  SUPERSTEP_INLINE static void transpose(Avx2Floats* p) {
    __m256 pair[8];
    for (int i = 0; i < 8; i += 2) {
      pair[i] = _mm256_unpacklo_ps(p[i].v, p[i + 1].v);
      pair[i + 1] = _mm256_unpackhi_ps(p[i].v, p[i + 1].v);
    }
    __m256 quad[8];  // [i + j]: rows i .. i + 3 of columns j and j + 4
    for (int i = 0; i < 8; i += 4) {
      quad[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
      quad[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
      quad[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
      quad[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {
      p[j].v = _mm256_permute2f128_ps(quad[j], quad[j + 4], 0x20);
      p[j + 4].v = _mm256_permute2f128_ps(quad[j], quad[j + 4], 0x31);
    }
  }

 private:
  SUPERSTEP_INLINE static __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__)
struct Avx512Floats {
  using Value = float;
  static constexpr int width = 16;
  struct Mask {
    __mmask16 v;
  };
  __m512 v;

  SUPERSTEP_INLINE static Avx512Floats load(const float* p) { return {_mm512_loadu_ps(p)}; }
  SUPERSTEP_INLINE static Avx512Floats load_partial(const float* p, int n) {
    return {_mm512_maskz_loadu_ps(first(n), p)};
  }
  SUPERSTEP_INLINE static Avx512Floats broadcast(float a) { return {_mm512_set1_ps(a)}; }
  SUPERSTEP_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  SUPERSTEP_INLINE void store_partial(float* p, int n) const {
    _mm512_mask_storeu_ps(p, first(n), v);
  }
  SUPERSTEP_INLINE friend Avx512Floats operator-(Avx512Floats a, Avx512Floats b) {
    return {_mm512_sub_ps(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Floats fma(Avx512Floats a, Avx512Floats b, Avx512Floats c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
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
  SUPERSTEP_INLINE static void transpose(Avx512Floats* p) {
    __m512 pair[16];
    for (int i = 0; i < 16; i += 2) {
      pair[i] = _mm512_unpacklo_ps(p[i].v, p[i + 1].v);
      pair[i + 1] = _mm512_unpackhi_ps(p[i].v, p[i + 1].v);
    }
    __m512 quad[16];  // [i + j]: rows i .. i + 3 of columns j, j + 4, j + 8, j + 12
    for (int i = 0; i < 16; i += 4) {
      quad[i] = _mm512_shuffle_ps(pair[i], pair[i + 2], 0x44);
      quad[i + 1] = _mm512_shuffle_ps(pair[i], pair[i + 2], 0xee);
      quad[i + 2] = _mm512_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
      quad[i + 3] = _mm512_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
    }
    for (int j = 0; j < 4; ++j) {
      const __m512 a = _mm512_shuffle_f32x4(quad[j], quad[j + 4], 0x88);
      const __m512 b = _mm512_shuffle_f32x4(quad[j], quad[j + 4], 0xdd);
      const __m512 c = _mm512_shuffle_f32x4(quad[j + 8], quad[j + 12], 0x88);
      const __m512 d = _mm512_shuffle_f32x4(quad[j + 8], quad[j + 12], 0xdd);
      p[j].v = _mm512_shuffle_f32x4(a, c, 0x88);
      p[j + 4].v = _mm512_shuffle_f32x4(b, d, 0x88);
      p[j + 8].v = _mm512_shuffle_f32x4(a, c, 0xdd);
      p[j + 12].v = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
  }

 private:
  SUPERSTEP_INLINE static __mmask16 first(int n) {
    return static_cast<__mmask16>(n >= width ? 0xffff : (1 << n) - 1);
  }
};
using NativeFloats = Avx512Floats;
#elif defined(__AVX2__) && defined(__FMA__)
using NativeFloats = Avx2Floats;
#else
using NativeFloats = PortableFloats<4>;
#endif

}  // namespace superstep::math::simd
