// SPDX-License-Identifier: BSD-3-Clause
// Bodies of assignment.hpp as templates on the pack.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <superstep/math/assignment.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

template <class P, class T = double>
void centre_rows_with(PanelOf<T> x, const std::int32_t* rows, const double* origin, Panel out) {
  const Index whole = x.columns - x.columns % P::width;
  const int rest = static_cast<int>(x.columns - whole);
  for (Index i = 0; i < out.rows; ++i) {
    const T* from = x.row(rows == nullptr ? i : Index{rows[i]});
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

inline constexpr Index square_lanes = 32;

/// The numbers of the rows by centre, those of a centre in order. Kept by the thread.
class RowsByCenter {
 public:
  RowsByCenter(const std::int32_t* index, Index rows, Index centers) {
    thread_local std::vector<std::int32_t> end, order;
    end.assign(static_cast<std::size_t>(centers), 0);
    if (order.size() < static_cast<std::size_t>(rows)) order.resize(static_cast<std::size_t>(rows));
    end_ = end.data();
    order_ = order.data();
    for (Index i = 0; i < rows; ++i) ++end_[index[i]];
    std::int32_t before = 0;
    for (Index j = 0; j < centers; ++j) before += std::exchange(end_[j], before);
    for (Index i = 0; i < rows; ++i) order_[end_[index[i]]++] = static_cast<std::int32_t>(i);
  }
  /// Centre j has the rows order()[end(j - 1)] to order()[end(j) - 1].
  Index end(Index center) const { return end_[center]; }
  const std::int32_t* order() const { return order_; }

 private:
  std::int32_t* end_;
  std::int32_t* order_;
};

/// What the rows of one centre add to some of its columns.
struct CenterColumns {
  const double* center;
  double* sum;
  double* squares;  ///< lanes
};

template <class P, bool is_weighted, int packs>
void add_columns(ConstPanel x, std::span<const std::int32_t> rows, const double* weights,
                 Index first_column, const CenterColumns& out) {
  P center[packs], sum[packs], squares[packs];
#pragma GCC unroll 4
  for (int p = 0; p < packs; ++p) {
    center[p] = P::load(out.center + p * P::width);
    sum[p] = P::load(out.sum + p * P::width);
    squares[p] = P::load(out.squares + p * P::width);
  }
  for (const std::int32_t row : rows) {
    const double* from = x.row(row) + first_column;
    const P weight = P::broadcast(is_weighted ? weights[row] : 1.0);
#pragma GCC unroll 4
    for (int p = 0; p < packs; ++p) {
      const P value = P::load(from + p * P::width);
      const P d = value - center[p];
      if constexpr (is_weighted) {
        squares[p] = fma(weight * d, d, squares[p]);
        sum[p] = fma(weight, value, sum[p]);
      } else {
        squares[p] = fma(d, d, squares[p]);
        sum[p] = sum[p] + value;
      }
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < packs; ++p) {
    sum[p].store(out.sum + p * P::width);
    squares[p].store(out.squares + p * P::width);
  }
}

/// All columns, a few packs at a time.
template <class P, bool is_weighted>
void add_rows_of_center(ConstPanel x, std::span<const std::int32_t> rows, const double* weights,
                        const double* center, double* sum, double* squares) {
  for (Index at = 0; at < x.columns;) {
    const Index packs = std::min<Index>(4, (x.columns - at) / P::width);
    const CenterColumns out{center + at, sum + at, squares + at % square_lanes};
    switch (packs) {
      case 4:
        add_columns<P, is_weighted, 4>(x, rows, weights, at, out);
        break;
      case 3:
        add_columns<P, is_weighted, 3>(x, rows, weights, at, out);
        break;
      case 2:
        add_columns<P, is_weighted, 2>(x, rows, weights, at, out);
        break;
      default:
        add_columns<P, is_weighted, 1>(x, rows, weights, at, out);
    }
    at += std::max<Index>(packs, 1) * P::width;
  }
}

template <class P, bool is_weighted>
double add_assigned_with(ConstPanel x, const std::int32_t* index, const double* weights,
                         ConstPanel centers, const AssignedSums& out) {
  const RowsByCenter by_center(index, x.rows, centers.rows);
  alignas(64) double squares[square_lanes] = {};
  Index begin = 0;
  for (Index j = 0; j < centers.rows; ++j) {
    const Index end = by_center.end(j);
    if (begin == end) continue;
    const std::span rows(by_center.order() + begin, static_cast<std::size_t>(end - begin));
    add_rows_of_center<P, is_weighted>(x, rows, weights, centers.row(j), out.sums.row(j), squares);
    if constexpr (is_weighted) {
      for (const std::int32_t row : rows) out.weights[j] += weights[row];
    } else {
      out.weights[j] += static_cast<double>(end - begin);  // exact, like a sum of ones
    }
    begin = end;
  }
  alignas(64) double lanes[simd::sum_lanes];
  for (int l = 0; l < simd::sum_lanes; ++l) {
    lanes[l] = (squares[l] + squares[l + 16]) + (squares[l + 8] + squares[l + 24]);
  }
  return simd::lane_sum(lanes);
}

}  // namespace superstep::math
