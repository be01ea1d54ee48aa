// SPDX-License-Identifier: BSD-3-Clause
// exp, log and log1p of a pack. Only exactly rounded operations in a fixed order, so all packs
// agree. log follows fdlibm's e_log.c (Sun Microsystems, 1993): s = f / (2 + f) and a minimax
// polynomial in s^2.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include <superstep/math/simd.hpp>

namespace superstep::math {

/// e^x. x = n ln 2 + r with |r| <= ln 2 / 2, then 1 + r + r^2 q(r); q is a minimax polynomial for
/// the relative error (2^-57).
template <class P>
SUPERSTEP_INLINE P exp_of(P x) {
  constexpr double q[] = {0.5,
                          0x1.5555555555501p-3,
                          0x1.5555555553205p-5,
                          0x1.1111111128969p-7,
                          0x1.6c16c17cc3b82p-10,
                          0x1.a01a011bd9293p-13,
                          0x1.a019ab2ba1dc6p-16,
                          0x1.71df55dab68cdp-19,
                          0x1.289f8c5aa4e7ap-22,
                          0x1.ad1f330e30c03p-26};
  // Beyond these limits e^x is infinite or zero; NaN passes both.
  const P limited = max(P::broadcast(-746), min(P::broadcast(710), x));
  const P n = round_even(limited * P::broadcast(0x1.71547652b82fep+0));
  // The high part of ln 2 has 32 bits: the first step is exact.
  P r = fnma(n, P::broadcast(6.93147180369123816490e-01), limited);
  r = fnma(n, P::broadcast(1.90821492927058770002e-10), r);
  P sum = P::broadcast(q[9]);
#pragma GCC unroll 9
  for (int i = 8; i >= 0; --i) sum = fma(sum, r, P::broadcast(q[i]));
  return scale(P::broadcast(1) + fma(sum, r * r, r), n);
}

/// ln(2^k (1 + f)) + c for 1 + f in [sqrt(1/2), sqrt(2)], |c| far below it; exact cancellation
/// where k = 0.
template <class P>
SUPERSTEP_INLINE P log_of_parts(P k, P f, P c) {
  const P s = f / (P::broadcast(2) + f);
  const P z = s * s;
  const P w = z * z;
  const P odd =
      w *
      fma(w, fma(w, P::broadcast(1.531383769920937332e-01), P::broadcast(2.222219843214978396e-01)),
          P::broadcast(3.999999999940941908e-01));
  const P even = z * fma(w,
                         fma(w,
                             fma(w, P::broadcast(1.479819860511658591e-01),
                                 P::broadcast(1.818357216161805012e-01)),
                             P::broadcast(2.857142874366239149e-01)),
                         P::broadcast(6.666666666666735130e-01));
  const P half_square = P::broadcast(0.5) * f * f;
  const P low =
      fma(s, half_square + (odd + even), fma(k, P::broadcast(1.90821492927058770002e-10), c));
  return fma(k, P::broadcast(6.93147180369123816490e-01), f - (half_square - low));
}

/// x = 2^k (1 + f) for a positive normal x.
template <class P>
SUPERSTEP_INLINE void split(P x, P& k, P& f) {
  constexpr auto one = std::bit_cast<std::uint64_t>(1.0);
  constexpr auto two_to_52 = std::bit_cast<std::uint64_t>(0x1p52);
  const P exponent = bit_or(shift_right<52>(x), two_to_52) - P::broadcast(0x1p52 + 1023);
  const P mantissa = bit_or(bit_and(x, 0x000fffffffffffff), one);
  const auto upper = less(P::broadcast(0x1.6a09e667f3bcdp+0), mantissa);
  k = select(upper, exponent + P::broadcast(1), exponent);
  f = select(upper, mantissa * P::broadcast(0.5), mantissa) - P::broadcast(1);
}

/// What log gives where its argument is not a positive finite number.
template <class P>
SUPERSTEP_INLINE P log_at_the_edge(P x, P result) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const P zero = P::broadcast(0);
  result = select(less(x, P::broadcast(infinity)), result, x);  // infinity, NaN
  result = select(equal(x, zero), P::broadcast(-infinity), result);
  return select(less(x, zero), P::broadcast(std::numeric_limits<double>::quiet_NaN()), result);
}

template <class P>
SUPERSTEP_INLINE P log_of(P x) {
  const auto subnormal = less(x, P::broadcast(std::numeric_limits<double>::min()));
  P k, f;
  split(select(subnormal, x * P::broadcast(0x1p54), x), k, f);
  k = select(subnormal, k - P::broadcast(54), k);
  return log_at_the_edge(x, log_of_parts(k, f, P::broadcast(0)));
}

template <class P>
SUPERSTEP_INLINE P log1p_of(P x) {
  const P one = P::broadcast(1);
  const P u = one + x;
  P k, f;
  split(u, k, f);
  // What rounding 1 + x lost.
  const P lost = select(less(x, one), x - (u - one), one - (u - x));
  const P result = log_at_the_edge(u, log_of_parts(k, f, lost / u));
  return select(less(abs(x), P::broadcast(0x1p-54)), x, result);
}

/// q[0] + q[1] x + ... + q[9] x^9 with `square` = x^2: even and odd powers apart, so that half as
/// many steps wait for each other.
template <class P>
SUPERSTEP_INLINE P polynomial(const double (&q)[10], P x, P square) {
  P even = P::broadcast(q[8]), odd = P::broadcast(q[9]);
#pragma GCC unroll 4
  for (int i = 6; i >= 0; i -= 2) {
    even = fma(even, square, P::broadcast(q[i]));
    odd = fma(odd, square, P::broadcast(q[i + 1]));
  }
  return fma(odd, x, even);
}

/// ln(1 + x) for x in [0, 1] from s = x / (2 + x), at half the cost of log1p_of: 2 artanh(s), a
/// minimax polynomial in s^2 for s <= 1/3 (2^-58).
template <class P>
SUPERSTEP_INLINE P log1p_from_ratio(P s) {
  constexpr double q[] = {0x1.5555555555535p-1, 0x1.99999999a06c3p-2, 0x1.2492492091078p-2,
                          0x1.c71c741a0a19ap-3, 0x1.745cb4595fbedp-3, 0x1.3b1dd3b0f844ep-3,
                          0x1.10682ebbd8b1bp-3, 0x1.efd18dc7d1733p-4, 0x1.55cf5a5dcca6dp-4,
                          0x1.5c5c1e01b2eaep-3};
  const P square = s * s;
  return fma(s * square, polynomial(q, square, square * square), s + s);
}

/// out[i] = f(pack of x)[i].
template <class P, class F>
void map_elements(const double* x, std::ptrdiff_t count, double* out, F f) {
  std::ptrdiff_t i = 0;
  for (; i + P::width <= count; i += P::width) f(P::load(x + i)).store(out + i);
  if (i < count) {
    const int rest = static_cast<int>(count - i);
    f(P::load_partial(x + i, rest)).store_partial(out + i, rest);
  }
}

}  // namespace superstep::math
