// SPDX-License-Identifier: BSD-3-Clause
// Bodies of assignment.hpp as templates on the pack.
#pragma once

#include <algorithm>

#include <superstep/math/assignment.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

template <class P>
void centre_rows_with(ConstPanel x, const std::int32_t* rows, const double* origin, Panel out) {
  const Index whole = x.columns - x.columns % P::width;
  const int rest = static_cast<int>(x.columns - whole);
  for (Index i = 0; i < out.rows; ++i) {
    const double* from = x.row(rows == nullptr ? i : Index{rows[i]});
    double* to = out.row(i);
    Index c = 0;
    for (; c < whole; c += P::width) (P::load(from + c) - P::load(origin + c)).store(to + c);
    if (rest > 0) {
      (P::load_partial(from + c, rest) - P::load_partial(origin + c, rest)).store(to + c);
      c += P::width;
    }
    for (; c < out.columns; c += P::width) P::broadcast(0).store(to + c);
  }
}

/// The running sum of squares of every fourth row: 8 lanes.
template <class P>
struct SquareLanes {
  static constexpr int packs = std::max(1, simd::sum_lanes / P::width);
  P sum[packs];
};

/// One row: to += w x, and its squared distance from c into the lanes.
template <class P, bool is_weighted>
SUPERSTEP_INLINE void add_row(const double* x, const double* c, double weight, double* to,
                              Index columns, SquareLanes<P>& squares) {
  const P w = P::broadcast(weight);
  for (Index first = 0; first < columns; first += simd::sum_lanes) {
#pragma GCC unroll 8
    for (int p = 0; p < SquareLanes<P>::packs; ++p) {
      const Index at = first + p * P::width;
      const P value = P::load(x + at);
      const P d = value - P::load(c + at);
      if constexpr (is_weighted) {
        squares.sum[p] = fma(w * d, d, squares.sum[p]);
        fma(w, value, P::load(to + at)).store(to + at);
      } else {
        squares.sum[p] = fma(d, d, squares.sum[p]);
        (P::load(to + at) + value).store(to + at);
      }
    }
  }
}

template <class P, bool is_weighted>
double add_assigned_with(ConstPanel x, const std::int32_t* index, const double* weights,
                         ConstPanel centers, const AssignedSums& out) {
  constexpr int groups = 4;
  SquareLanes<P> squares[groups];
  for (SquareLanes<P>& s : squares) std::fill_n(s.sum, SquareLanes<P>::packs, P::broadcast(0));
  const auto add = [&](Index i, SquareLanes<P> & lanes) __attribute__((always_inline)) {
    const std::int32_t j = index[i];
    const double weight = is_weighted ? weights[i] : 1.0;
    add_row<P, is_weighted>(x.row(i), centers.row(j), weight, out.sums.row(j), x.columns, lanes);
    out.weights[j] += weight;
  };
  Index i = 0;
  for (; i + groups <= x.rows; i += groups) {
#pragma GCC unroll 4
    for (int g = 0; g < groups; ++g) add(i + g, squares[g]);
  }
  for (int g = 0; i < x.rows; ++i, ++g) add(i, squares[g]);
  alignas(64) double lanes[simd::sum_lanes];
  for (int p = 0; p < SquareLanes<P>::packs; ++p) {
    const P even = squares[0].sum[p] + squares[2].sum[p];
    (even + (squares[1].sum[p] + squares[3].sum[p])).store(lanes + p * P::width);
  }
  return simd::lane_sum(lanes);
}

}  // namespace superstep::math
