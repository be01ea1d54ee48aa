// SPDX-License-Identifier: BSD-3-Clause
// Bodies of column_stats.hpp as templates on the pack: strips of columns with the row loop inside,
// so that the running values stay in registers.
#pragma once

#include <algorithm>

#include <superstep/math/column_stats.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

/// Whether no value is NaN or infinite: x * 0 is 0 exactly then, and NaN stays NaN in a sum.
template <class P>
bool all_finite_with(const double* values, std::size_t count) {
  constexpr std::size_t step = 8 * P::width;
  const P zero = P::broadcast(0);
  P sum[8];
  for (P& s : sum) s = zero;
  std::size_t i = 0;
  for (; i + step <= count; i += step) {
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) sum[k] = fma(P::load(values + i + k * P::width), zero, sum[k]);
  }
  for (; i < count; i += P::width) {
    const int valid = static_cast<int>(std::min<std::size_t>(P::width, count - i));
    sum[0] = fma(P::load_partial(values + i, valid), zero, sum[0]);
  }
  for (int k = 1; k < 8; ++k) sum[0] = sum[0] + sum[k];
  double lanes[P::width];
  sum[0].store(lanes);
  return std::all_of(lanes, lanes + P::width, [](double lane) { return lane == 0; });
}

/// Calls f(tag, first) for strips of packs: tag::value whole packs from column `first` on; then
/// rest(first, count) for the columns that fill no pack.
template <class P, class F, class Rest>
void for_strips(Index columns, F f, Rest rest) {
  constexpr Index w = P::width;
  Index c = 0;
  for (; c + 4 * w <= columns; c += 4 * w) f(std::integral_constant<int, 4>{}, c);
  for (; c + w <= columns; c += w) f(std::integral_constant<int, 1>{}, c);
  if (c < columns) rest(c, static_cast<int>(columns - c));
}

/// state[s][c] = update_s(state[s][c], x[i][c]) for every row; S running values a column.
template <class P, int S, class T, class Update>
void fold_columns(ConstPanelOf<T> x, double* const (&state)[S], Update update) {
  const auto strip = [&]<int packs>(std::integral_constant<int, packs>, Index first) {
    P running[packs][S];
    for (int p = 0; p < packs; ++p) {
      for (int s = 0; s < S; ++s) running[p][s] = P::load(state[s] + first + p * P::width);
    }
    for (Index i = 0; i < x.rows; ++i) {
      const T* from = x.row(i) + first;
#pragma GCC unroll 4
      for (int p = 0; p < packs; ++p) update(running[p], P::load(from + p * P::width));
    }
    for (int p = 0; p < packs; ++p) {
      for (int s = 0; s < S; ++s) running[p][s].store(state[s] + first + p * P::width);
    }
  };
  const auto rest = [&](Index first, int count) {
    P running[S];
    for (int s = 0; s < S; ++s) running[s] = P::load_partial(state[s] + first, count);
    for (Index i = 0; i < x.rows; ++i) update(running, P::load_partial(x.row(i) + first, count));
    for (int s = 0; s < S; ++s) running[s].store_partial(state[s] + first, count);
  };
  // A panel of rows at a time, so that the strips after the first find it in the cache.
  constexpr Index panel_doubles = 2048;
  const Index panel_rows = std::max<Index>(8, panel_doubles / std::max<Index>(1, x.columns));
  const ConstPanelOf<T> all = x;
  for (Index row = 0; row < all.rows; row += panel_rows) {
    x = all.middle_rows(row, std::min(panel_rows, all.rows - row));
    for_strips<P>(x.columns, strip, rest);
  }
}

template <class P, class T = double>
void column_max_abs_add_with(PanelOf<T> x, double* max_abs) {
  double* const state[] = {max_abs};
  fold_columns<P, 1, T>(x, state, [](P* running, P v) { running[0] = max(abs(v), running[0]); });
}

template <class P, class T = double>
void column_range_add_with(PanelOf<T> x, double* low, double* high) {
  double* const state[] = {low, high};
  fold_columns<P, 2, T>(x, state, [](P* running, P v) {
    running[0] = min(v, running[0]);
    running[1] = max(v, running[1]);
  });
}

template <class P, class T = double>
void class_moments_add_with(PanelOf<T> x, const double* codes, const double* weights,
                            const double* shift, const ClassMoments& out) {
  for (Index i = 0; i < x.rows; ++i) {
    const Index k = codes == nullptr ? 0 : static_cast<Index>(codes[i]);
    const double weight = weights == nullptr ? 1.0 : weights[i];
    out.weight_sums[k] += weight;
    const T* from = x.row(i);
    double* sums = out.sums.row(k);
    double* squares = out.squares.row(k);
    const P w = P::broadcast(weight);
    const auto add = [&](P d, P& sum, P& square) {
      sum = fma(w, d, sum);
      square = fma(w * d, d, square);
    };
    Index c = 0;
    for (; c + P::width <= x.columns; c += P::width) {
      const P v = P::load(from + c);
      P sum = P::load(sums + c), square = P::load(squares + c);
      add(shift == nullptr ? v : v - P::load(shift + c), sum, square);
      sum.store(sums + c);
      square.store(squares + c);
    }
    if (c < x.columns) {
      const int rest = static_cast<int>(x.columns - c);
      const P v = P::load_partial(from + c, rest);
      P sum = P::load_partial(sums + c, rest), square = P::load_partial(squares + c, rest);
      add(shift == nullptr ? v : v - P::load_partial(shift + c, rest), sum, square);
      sum.store_partial(sums + c, rest);
      square.store_partial(squares + c, rest);
    }
  }
}

template <class P, class T = double>
void class_sums_add_with(PanelOf<T> x, const double* codes, const double* weights, Panel sums) {
  for (Index i = 0; i < x.rows; ++i) {
    const P w = P::broadcast(weights == nullptr ? 1.0 : weights[i]);
    const T* from = x.row(i);
    double* to = sums.row(static_cast<Index>(codes[i]));
    Index c = 0;
    for (; c + P::width <= x.columns; c += P::width) {
      fma(w, P::load(from + c), P::load(to + c)).store(to + c);
    }
    if (c < x.columns) {
      const int rest = static_cast<int>(x.columns - c);
      fma(w, P::load_partial(from + c, rest), P::load_partial(to + c, rest))
          .store_partial(to + c, rest);
    }
  }
}

}  // namespace superstep::math
