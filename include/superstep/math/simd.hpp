// SPDX-License-Identifier: BSD-3-Clause
// Packs of doubles: the one place with intrinsics. AVX-512, AVX2 with FMA, or plain C++; kernels
// are templates on the pack. Operations work lane by lane and are exactly rounded, so a kernel that
// keeps to them has the same bits with every pack. For sums over lanes there is lane_sum(), whose
// order is fixed too.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__AVX2__) && defined(__FMA__)
// GCC 12 takes the undefined operands of its own AVX-512 header for a mistake of ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#define SUPERSTEP_INLINE [[gnu::always_inline]] inline

namespace superstep::math::simd {

/// Lanes of interleaved sums, whatever the width of the pack.
inline constexpr int sum_lanes = 8;

/// The sum of 8 interleaved lanes in the one order everybody uses.
inline double lane_sum(const double* l) {
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

/// a 2^n without an instruction for it. The first product is exact, the second rounds.
template <class P>
SUPERSTEP_INLINE P scale_in_two_steps(P a, P n) {
  // The low bits of 2^52 + 1023 + k hold the biased exponent of 2^k.
  const P bias = P::broadcast(0x1p52 + 1023);
  const P half = round_even(n * P::broadcast(0.5));
  return a * shift_left<52>(half + bias) * shift_left<52>(n - half + bias);
}

// Every pack P has:
//   Value, width, load, load_partial (lanes from n on are 0), both also of floats, which become
//   doubles, broadcast, store (also as floats), store_partial, + - * /,
//   fma(a, b, c) = a b + c and fnma(a, b, c) = c - a b, rounded once; min and max: min(a, b) = a <
//   b ? a : b, so b where a lane is NaN; abs, round_even; less, equal, is_nan giving a Mask;
//   select(mask, yes, no); bit_and, bit_or with a constant; shift_left<n>, shift_right<n> of the 64
//   bits of each lane; scale(a, n) = a 2^n, rounded once, for integral n in [-1080, 1030] and |a|
//   in [1/2, 2]; transpose(p): lane j of p[i] and lane i of p[j] change places, i, j < width.

/// Plain C++: the reference for the others and the way for processors without AVX2.
template <int N>
struct PortablePack {
  using Value = double;
  static constexpr int width = N;
  struct Mask {
    bool lane[N];
  };
  double lane[N];

  static PortablePack load(const double* p) {
    return each([&](int i) { return p[i]; });
  }
  static PortablePack load_partial(const double* p, int n) {
    return each([&](int i) { return i < n ? p[i] : 0.0; });
  }
  static PortablePack load(const float* p) {
    return each([&](int i) { return static_cast<double>(p[i]); });
  }
  static PortablePack load_partial(const float* p, int n) {
    return each([&](int i) { return i < n ? static_cast<double>(p[i]) : 0.0; });
  }
  static PortablePack broadcast(double a) {
    return each([&](int) { return a; });
  }
  void store(double* p) const {
    for (int i = 0; i < N; ++i) p[i] = lane[i];
  }
  void store_partial(double* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = lane[i];
  }
  void store(float* p) const {
    for (int i = 0; i < N; ++i) p[i] = static_cast<float>(lane[i]);
  }

  friend PortablePack operator+(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  friend PortablePack operator-(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  friend PortablePack operator*(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  friend PortablePack operator/(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  friend PortablePack fma(PortablePack a, PortablePack b, PortablePack c) {
    return each([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  friend PortablePack fnma(PortablePack a, PortablePack b, PortablePack c) {
    return each([&](int i) { return std::fma(-a.lane[i], b.lane[i], c.lane[i]); });
  }
  friend PortablePack min(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  friend PortablePack max(PortablePack a, PortablePack b) {
    return each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
  }
  friend PortablePack abs(PortablePack a) {
    return each([&](int i) { return std::fabs(a.lane[i]); });
  }
  friend PortablePack round_even(PortablePack a) {
    return each([&](int i) { return std::nearbyint(a.lane[i]); });
  }
  friend Mask less(PortablePack a, PortablePack b) {
    return test([&](int i) { return a.lane[i] < b.lane[i]; });
  }
  friend Mask equal(PortablePack a, PortablePack b) {
    return test([&](int i) { return a.lane[i] == b.lane[i]; });
  }
  friend Mask is_nan(PortablePack a) {
    return test([&](int i) { return std::isnan(a.lane[i]); });
  }
  friend PortablePack select(Mask m, PortablePack yes, PortablePack no) {
    return each([&](int i) { return m.lane[i] ? yes.lane[i] : no.lane[i]; });
  }
  friend PortablePack bit_and(PortablePack a, std::uint64_t bits) {
    return each([&](int i) { return from_bits(to_bits(a.lane[i]) & bits); });
  }
  friend PortablePack bit_or(PortablePack a, std::uint64_t bits) {
    return each([&](int i) { return from_bits(to_bits(a.lane[i]) | bits); });
  }
  template <int n>
  friend PortablePack shift_left(PortablePack a) {
    return each([&](int i) { return from_bits(to_bits(a.lane[i]) << n); });
  }
  template <int n>
  friend PortablePack shift_right(PortablePack a) {
    return each([&](int i) { return from_bits(to_bits(a.lane[i]) >> n); });
  }
  friend PortablePack scale(PortablePack a, PortablePack n) { return scale_in_two_steps(a, n); }
  static void transpose(PortablePack* p) {
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < i; ++j) {
        const double moved = p[i].lane[j];
        p[i].lane[j] = p[j].lane[i];
        p[j].lane[i] = moved;
      }
    }
  }

 private:
  static std::uint64_t to_bits(double a) { return std::bit_cast<std::uint64_t>(a); }
  static double from_bits(std::uint64_t a) { return std::bit_cast<double>(a); }
  template <class F>
  static PortablePack each(F f) {
    PortablePack result;
    for (int i = 0; i < N; ++i) result.lane[i] = f(i);
    return result;
  }
  template <class F>
  static Mask test(F f) {
    Mask result;
    for (int i = 0; i < N; ++i) result.lane[i] = f(i);
    return result;
  }
};

#if defined(__AVX2__) && defined(__FMA__)
struct Avx2Pack {
  using Value = double;
  static constexpr int width = 4;
  struct Mask {
    __m256d v;
  };
  __m256d v;

  SUPERSTEP_INLINE static Avx2Pack load(const double* p) { return {_mm256_loadu_pd(p)}; }
  SUPERSTEP_INLINE static Avx2Pack load(const float* p) {
    return {_mm256_cvtps_pd(_mm_loadu_ps(p))};
  }
#if defined(__AVX512VL__)
  SUPERSTEP_INLINE static Avx2Pack load_partial(const double* p, int n) {
    return {_mm256_maskz_loadu_pd(first(n), p)};
  }
  SUPERSTEP_INLINE static Avx2Pack load_partial(const float* p, int n) {
    return {_mm256_cvtps_pd(_mm_maskz_loadu_ps(first(n), p))};
  }
#else
  SUPERSTEP_INLINE static Avx2Pack load_partial(const double* p, int n) {
    return {_mm256_maskload_pd(p, first(n))};
  }
  SUPERSTEP_INLINE static Avx2Pack load_partial(const float* p, int n) {
    const __m128i mask = _mm_cmpgt_epi32(_mm_set1_epi32(n), _mm_setr_epi32(0, 1, 2, 3));
    return {_mm256_cvtps_pd(_mm_maskload_ps(p, mask))};
  }
#endif
  SUPERSTEP_INLINE static Avx2Pack broadcast(double a) { return {_mm256_set1_pd(a)}; }
  SUPERSTEP_INLINE void store(double* p) const { _mm256_storeu_pd(p, v); }
  SUPERSTEP_INLINE void store(float* p) const { _mm_storeu_ps(p, _mm256_cvtpd_ps(v)); }
#if defined(__AVX512VL__)
  SUPERSTEP_INLINE void store_partial(double* p, int n) const {
    _mm256_mask_storeu_pd(p, first(n), v);
  }
#else
  SUPERSTEP_INLINE void store_partial(double* p,
                                      int n) const {  // maskstore takes AMD's Zen 20 cycles
    if (n >= 4) return store(p);
    __m128d part = _mm256_castpd256_pd128(v);
    if ((n & 2) != 0) {
      _mm_storeu_pd(p, part);
      p += 2;
      part = _mm256_extractf128_pd(v, 1);
    }
    if ((n & 1) != 0) _mm_store_sd(p, part);
  }
#endif

  SUPERSTEP_INLINE friend Avx2Pack operator+(Avx2Pack a, Avx2Pack b) {
    return {_mm256_add_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack operator-(Avx2Pack a, Avx2Pack b) {
    return {_mm256_sub_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack operator*(Avx2Pack a, Avx2Pack b) {
    return {_mm256_mul_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack operator/(Avx2Pack a, Avx2Pack b) {
    return {_mm256_div_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack fma(Avx2Pack a, Avx2Pack b, Avx2Pack c) {
    return {_mm256_fmadd_pd(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack fnma(Avx2Pack a, Avx2Pack b, Avx2Pack c) {
    return {_mm256_fnmadd_pd(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack min(Avx2Pack a, Avx2Pack b) { return {_mm256_min_pd(a.v, b.v)}; }
  SUPERSTEP_INLINE friend Avx2Pack max(Avx2Pack a, Avx2Pack b) { return {_mm256_max_pd(a.v, b.v)}; }
  SUPERSTEP_INLINE friend Avx2Pack abs(Avx2Pack a) {
    return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack round_even(Avx2Pack a) {
    return {_mm256_round_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  SUPERSTEP_INLINE friend Mask less(Avx2Pack a, Avx2Pack b) {
    return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)};
  }
  SUPERSTEP_INLINE friend Mask equal(Avx2Pack a, Avx2Pack b) {
    return {_mm256_cmp_pd(a.v, b.v, _CMP_EQ_OQ)};
  }
  SUPERSTEP_INLINE friend Mask is_nan(Avx2Pack a) {
    return {_mm256_cmp_pd(a.v, a.v, _CMP_UNORD_Q)};
  }
  SUPERSTEP_INLINE friend Avx2Pack select(Mask m, Avx2Pack yes, Avx2Pack no) {
    return {_mm256_blendv_pd(no.v, yes.v, m.v)};
  }
  SUPERSTEP_INLINE friend Avx2Pack bit_and(Avx2Pack a, std::uint64_t bits) {
    return {_mm256_and_pd(a.v, constant(bits))};
  }
  SUPERSTEP_INLINE friend Avx2Pack bit_or(Avx2Pack a, std::uint64_t bits) {
    return {_mm256_or_pd(a.v, constant(bits))};
  }
  template <int n>
  SUPERSTEP_INLINE friend Avx2Pack shift_left(Avx2Pack a) {
    return {_mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(a.v), n))};
  }
  template <int n>
  SUPERSTEP_INLINE friend Avx2Pack shift_right(Avx2Pack a) {
    return {_mm256_castsi256_pd(_mm256_srli_epi64(_mm256_castpd_si256(a.v), n))};
  }
  SUPERSTEP_INLINE friend Avx2Pack scale(Avx2Pack a, Avx2Pack n) {
    return scale_in_two_steps(a, n);
  }
  SUPERSTEP_INLINE static void transpose(Avx2Pack* p) {
    const __m256d a = _mm256_unpacklo_pd(p[0].v, p[1].v);
    const __m256d b = _mm256_unpackhi_pd(p[0].v, p[1].v);
    const __m256d c = _mm256_unpacklo_pd(p[2].v, p[3].v);
    const __m256d d = _mm256_unpackhi_pd(p[2].v, p[3].v);
    p[0].v = _mm256_permute2f128_pd(a, c, 0x20);
    p[1].v = _mm256_permute2f128_pd(b, d, 0x20);
    p[2].v = _mm256_permute2f128_pd(a, c, 0x31);
    p[3].v = _mm256_permute2f128_pd(b, d, 0x31);
  }

 private:
#if defined(__AVX512VL__)
  SUPERSTEP_INLINE static __mmask8 first(int n) {
    return static_cast<__mmask8>(n >= 4 ? 0xf : (1 << n) - 1);
  }
#else
  SUPERSTEP_INLINE static __m256i first(int n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
  }
#endif
  SUPERSTEP_INLINE static __m256d constant(std::uint64_t bits) {
    return _mm256_castsi256_pd(_mm256_set1_epi64x(static_cast<long long>(bits)));
  }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512DQ__)
struct Avx512Pack {
  using Value = double;
  static constexpr int width = 8;
  struct Mask {
    __mmask8 v;
  };
  __m512d v;

  SUPERSTEP_INLINE static Avx512Pack load(const double* p) { return {_mm512_loadu_pd(p)}; }
  SUPERSTEP_INLINE static Avx512Pack load_partial(const double* p, int n) {
    return {_mm512_maskz_loadu_pd(first(n), p)};
  }
  SUPERSTEP_INLINE static Avx512Pack load(const float* p) {
    return {_mm512_cvtps_pd(_mm256_loadu_ps(p))};
  }
  SUPERSTEP_INLINE static Avx512Pack load_partial(const float* p, int n) {
    return {_mm512_cvtps_pd(_mm512_castps512_ps256(_mm512_maskz_loadu_ps(first(n), p)))};
  }
  SUPERSTEP_INLINE static Avx512Pack broadcast(double a) { return {_mm512_set1_pd(a)}; }
  SUPERSTEP_INLINE void store(double* p) const { _mm512_storeu_pd(p, v); }
  SUPERSTEP_INLINE void store(float* p) const { _mm256_storeu_ps(p, _mm512_cvtpd_ps(v)); }
  SUPERSTEP_INLINE void store_partial(double* p, int n) const {
    _mm512_mask_storeu_pd(p, first(n), v);
  }

  SUPERSTEP_INLINE friend Avx512Pack operator+(Avx512Pack a, Avx512Pack b) {
    return {_mm512_add_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack operator-(Avx512Pack a, Avx512Pack b) {
    return {_mm512_sub_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack operator*(Avx512Pack a, Avx512Pack b) {
    return {_mm512_mul_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack operator/(Avx512Pack a, Avx512Pack b) {
    return {_mm512_div_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack fma(Avx512Pack a, Avx512Pack b, Avx512Pack c) {
    return {_mm512_fmadd_pd(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack fnma(Avx512Pack a, Avx512Pack b, Avx512Pack c) {
    return {_mm512_fnmadd_pd(a.v, b.v, c.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack min(Avx512Pack a, Avx512Pack b) {
    return {_mm512_min_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack max(Avx512Pack a, Avx512Pack b) {
    return {_mm512_max_pd(a.v, b.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack abs(Avx512Pack a) { return {_mm512_abs_pd(a.v)}; }
  SUPERSTEP_INLINE friend Avx512Pack round_even(Avx512Pack a) {
    return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  SUPERSTEP_INLINE friend Mask less(Avx512Pack a, Avx512Pack b) {
    return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)};
  }
  SUPERSTEP_INLINE friend Mask equal(Avx512Pack a, Avx512Pack b) {
    return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)};
  }
  SUPERSTEP_INLINE friend Mask is_nan(Avx512Pack a) {
    return {_mm512_cmp_pd_mask(a.v, a.v, _CMP_UNORD_Q)};
  }
  SUPERSTEP_INLINE friend Avx512Pack select(Mask m, Avx512Pack yes, Avx512Pack no) {
    return {_mm512_mask_blend_pd(m.v, no.v, yes.v)};
  }
  SUPERSTEP_INLINE friend Avx512Pack bit_and(Avx512Pack a, std::uint64_t bits) {
    return {_mm512_and_pd(a.v, constant(bits))};
  }
  SUPERSTEP_INLINE friend Avx512Pack bit_or(Avx512Pack a, std::uint64_t bits) {
    return {_mm512_or_pd(a.v, constant(bits))};
  }
  template <int n>
  SUPERSTEP_INLINE friend Avx512Pack shift_left(Avx512Pack a) {
    return {_mm512_castsi512_pd(_mm512_slli_epi64(_mm512_castpd_si512(a.v), n))};
  }
  template <int n>
  SUPERSTEP_INLINE friend Avx512Pack shift_right(Avx512Pack a) {
    return {_mm512_castsi512_pd(_mm512_srli_epi64(_mm512_castpd_si512(a.v), n))};
  }
  SUPERSTEP_INLINE friend Avx512Pack scale(Avx512Pack a, Avx512Pack n) {
    return {_mm512_scalef_pd(a.v, n.v)};
  }
  SUPERSTEP_INLINE static void transpose(Avx512Pack* p) {
    __m512d pair[8];
    for (int i = 0; i < 8; i += 2) {
      pair[i] = _mm512_unpacklo_pd(p[i].v, p[i + 1].v);
      pair[i + 1] = _mm512_unpackhi_pd(p[i].v, p[i + 1].v);
    }
    __m512d quad[8];  // rows 0-3 and 4-7: lanes {0, 4}, {1, 5}, {2, 6}, {3, 7}
    for (int i = 0; i < 8; i += 4) {
      for (int j = 0; j < 2; ++j) {
        quad[i + j] = _mm512_shuffle_f64x2(pair[i + j], pair[i + j + 2], 0x88);
        quad[i + j + 2] = _mm512_shuffle_f64x2(pair[i + j], pair[i + j + 2], 0xdd);
      }
    }
    for (int j = 0; j < 4; ++j) {
      p[j].v = _mm512_shuffle_f64x2(quad[j], quad[j + 4], 0x88);
      p[j + 4].v = _mm512_shuffle_f64x2(quad[j], quad[j + 4], 0xdd);
    }
  }

 private:
  SUPERSTEP_INLINE static __mmask8 first(int n) {
    return static_cast<__mmask8>(n >= 8 ? 0xff : (1 << n) - 1);
  }
  SUPERSTEP_INLINE static __m512d constant(std::uint64_t bits) {
    return _mm512_castsi512_pd(_mm512_set1_epi64(static_cast<long long>(bits)));
  }
};
using NativePack = Avx512Pack;
#elif defined(__AVX2__) && defined(__FMA__)
using NativePack = Avx2Pack;
#else
using NativePack = PortablePack<4>;
#endif

}  // namespace superstep::math::simd
