// SPDX-License-Identifier: BSD-3-Clause
// Bodies of scaling.hpp as templates on the pack.
#pragma once

#include <algorithm>

#include <superstep/math/scaling.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

/// Calls f(first, count) for the packs of a row: count is the pack's width, less in the last one.
template <class P, class F>
SUPERSTEP_INLINE void for_packs(Index columns, F f) {
  const Index whole = columns / P::width * P::width;
  for (Index c = 0; c < whole; c += P::width) f(c, P::width);
  if (whole < columns) f(whole, static_cast<int>(columns - whole));
}

template <class P, class T>
SUPERSTEP_INLINE P load_pack(const T* p, int count) {
  return count == P::width ? P::load(p) : P::load_partial(p, count);
}

template <class P>
SUPERSTEP_INLINE void store_pack(P v, double* p, int count) {
  count == P::width ? v.store(p) : v.store_partial(p, count);
}

/// Several rows at a time: few enough that memory is read in sequence, enough that the running
/// sums, which stay in the cache, are seldom fetched.
template <class P, class T = double>
void column_moments_add_with(PanelOf<T> x, const double* weights, const double* shift,
                             const ColumnMoments& out) {
  constexpr Index step = 16;
  const P zero = P::broadcast(0), one = P::broadcast(1);
  for (Index row = 0; row < x.rows; row += step) {
    const ConstPanelOf<T> rows = x.middle_rows(row, std::min(step, x.rows - row));
    for_packs<P>(x.columns, [&](Index c, int n) {
      const P centre = load_pack<P>(shift + c, n);
      P count = load_pack<P>(out.counts + c, n);
      P sum = load_pack<P>(out.sums + c, n);
      P square = load_pack<P>(out.squares + c, n);
      for (Index i = 0; i < rows.rows; ++i) {
        // So many streams at once are more than the processor foresees by itself.
        __builtin_prefetch(rows.row(i) + c + step * x.stride);
        const P v = load_pack<P>(rows.row(i) + c, n) - centre;
        const auto missing = is_nan(v);
        const P d = select(missing, zero, v);
        const P w =
            select(missing, zero, weights == nullptr ? one : P::broadcast(weights[row + i]));
        count = count + w;
        sum = fma(w, d, sum);
        square = fma(w * d, d, square);
      }
      store_pack(count, out.counts + c, n);
      store_pack(sum, out.sums + c, n);
      store_pack(square, out.squares + c, n);
    });
  }
}

/// z[i][c] = f(x[i][c], parameters of column c); S parameters a column.
template <class P, int S, class F>
void map_columns(ConstPanel x, const double* const (&parameters)[S], Panel z, F f) {
  for (Index i = 0; i < x.rows; ++i) {
    const double* from = x.row(i);
    double* to = z.row(i);
    for_packs<P>(x.columns, [&](Index c, int n) {
      P p[S];
      for (int s = 0; s < S; ++s) p[s] = load_pack<P>(parameters[s] + c, n);
      store_pack(f(load_pack<P>(from + c, n), p), to + c, n);
    });
  }
}

template <class P>
void centre_and_scale_with(ConstPanel x, const double* shift, const double* factor, Panel z) {
  const double* const parameters[] = {shift, factor};
  map_columns<P>(x, parameters, z, [](P v, const P* p) { return (v - p[0]) * p[1]; });
}

template <class P>
void divide_columns_with(ConstPanel x, const double* divisor, Panel z) {
  const double* const parameters[] = {divisor};
  map_columns<P>(x, parameters, z, [](P v, const P* p) { return v / p[0]; });
}

template <class P>
void map_range_with(ConstPanel x, const double* shift, const double* factor, double start,
                    double low, double high, Panel z) {
  const double* const parameters[] = {shift, factor};
  const P begin = P::broadcast(start), least = P::broadcast(low), most = P::broadcast(high);
  // min and max give their second operand where a lane is NaN.
  map_columns<P>(x, parameters, z,
                 [=](P v, const P* p) { return min(most, max(least, (v - p[0]) * p[1] + begin)); });
}

}  // namespace superstep::math
