// SPDX-License-Identifier: BSD-3-Clause
// Bodies of distances.hpp as templates on the pack. nearest() takes rows as lanes and broadcasts
// the centres, so that scores of one row meet in one lane.
#pragma once

#include <algorithm>
#include <limits>

#include <math/aligned_buffer.hpp>
#include <math/outer_tile.hpp>
#include <superstep/math/distances.hpp>

namespace superstep::math {

/// What is known of each lane's row so far: the least score and its centre, an integer kept as a
/// double.
struct NearestArguments {
  TileArguments tile;
  double first_center = 0;
  double* score = nullptr;
  double* index = nullptr;
};

/// Scores of M centres for R packs of rows; they end in the running minimum without leaving the
/// registers.
template <class P>
struct NearestTile {
  static constexpr bool has_halves = false;
  template <int R, bool half, int M>
  static void run(const NearestArguments& n) {
    TileSums<P, R, half, M> scores;
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) scores.whole[m][r] = P::broadcast(n.tile.start[m]);
    }
    scores.template accumulate<Side::packed>(n.tile);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      P best = P::load(n.score + r * P::width);
      P where = P::load(n.index + r * P::width);
#pragma GCC unroll 8
      for (int m = 0; m < M; ++m) {
        const P candidate = scores.whole[m][r];
        const auto better =
            less(candidate, best);  // strictly: the smallest index of equal ones stays
        best = select(better, candidate, best);
        where = select(better, P::broadcast(n.first_center + m), where);
      }
      best.store(n.score + r * P::width);
      where.store(n.index + r * P::width);
    }
  }
};

template <class P>
class Nearest {
 public:
  Nearest(ConstPanel centers, const double* half)
      : columns_(centers.columns),
        k_(centers.rows),
        strips_(ceil_div(k_, Shape::broadcasts)),
        packs_(Shape::packs(centers_of(0))),
        half_(half) {
    thread_local AlignedBuffer center_buffer, row_buffer;
    negative_ = center_buffer.reserve(k_ * columns_);  // of each strip: [column][centre]
    tile_ = row_buffer.reserve(lanes() * columns_);
    Index first = 0;
    for (Index i = 0; i < strips_; ++i) {
      const int m_count = centers_of(i);
      for (int m = 0; m < m_count; ++m) {
        double* to = negative_ + first * columns_ + m;
        for (Index c = 0; c < columns_; ++c) to[c * m_count] = -centers.row(first + m)[c];
      }
      first += m_count;
    }
  }

  /// Rows that one call of take() can hold.
  Index lanes() const { return Index{packs_} * P::width; }

  void take(ConstPanel x, std::int32_t* index, double* score) const {
    const int packs = static_cast<int>(ceil_div(x.rows, P::width));
    alignas(64) double best[most_lanes], where[most_lanes];
    std::fill_n(best, most_lanes, std::numeric_limits<double>::infinity());
    std::fill_n(where, most_lanes, 0.0);
    NearestArguments n;
    n.tile.depth = columns_;
    n.tile.a = tile_;
    n.tile.a_stride = Index{packs} * P::width;
    n.score = best;
    n.index = where;
    // The first strip fetches the rows of the next call.
    n.tile.fetch = x.data + x.rows * x.stride;
    n.tile.fetch_step = n.tile.a_stride;
    pack_rows_as_lanes<P>(x.data, x.stride, x.rows, columns_, n.tile.a_stride, tile_);
    Index first = 0;
    for (Index i = 0; i < strips_; ++i) {
      const int m = centers_of(i);
      n.tile.b = negative_ + first * columns_;
      n.tile.b_stride = m;
      n.tile.start = half_ + first;
      n.first_center = static_cast<double>(first);
      TileTable<P, NearestTile<P>>::of({packs, false}, m)(n);
      n.tile.fetch = nullptr;
      first += m;
    }
    for (Index i = 0; i < x.rows; ++i) index[i] = static_cast<std::int32_t>(where[i]);
    if (score != nullptr) std::copy_n(best, x.rows, score);
  }

 private:
  using Shape = TileShape<P>;
  static constexpr Index most_lanes = Shape::packs(1) * P::width;

  /// Centres of strip i: all strips about equal, the longer ones first.
  int centers_of(Index i) const {
    return static_cast<int>(k_ / strips_ + (i < k_ % strips_ ? 1 : 0));
  }

  Index columns_, k_, strips_;
  int packs_;
  const double* half_;
  double* negative_;
  double* tile_;
};

template <class P>
void nearest_with(ConstPanel x, ConstPanel centers, const double* half, std::int32_t* index,
                  double* score) {
  const Nearest<P> kernel(centers, half);
  for (Index row = 0; row < x.rows; row += kernel.lanes()) {
    const Index rows = std::min(kernel.lanes(), x.rows - row);
    kernel.take(x.middle_rows(row, rows), index + row, score == nullptr ? nullptr : score + row);
  }
}

/// |a - b|^2 over `columns`: column c belongs to lane c mod 8.
template <class P>
double squared_distance(const double* a, const double* b, Index columns) {
  constexpr int packs = std::max(1, simd::sum_lanes / P::width);
  P sum[packs];
  for (P& s : sum) s = P::broadcast(0);
  Index c = 0;
  for (; c + simd::sum_lanes <= columns; c += simd::sum_lanes) {
    for (int p = 0; p < packs; ++p) {
      const P d = P::load(a + c + p * P::width) - P::load(b + c + p * P::width);
      sum[p] = fma(d, d, sum[p]);
    }
  }
  for (int p = 0; p < packs; ++p) {
    const int valid = static_cast<int>(std::clamp<Index>(columns - c - p * P::width, 0, P::width));
    const P d =
        P::load_partial(a + c + p * P::width, valid) - P::load_partial(b + c + p * P::width, valid);
    sum[p] = fma(d, d, sum[p]);
  }
  alignas(64) double lanes[simd::sum_lanes];
  for (int p = 0; p < packs; ++p) sum[p].store(lanes + p * P::width);
  return simd::lane_sum(lanes);
}

/// to += weight * from.
template <class P>
void add_scaled(const double* from, double weight, double* to, Index columns) {
  const P w = P::broadcast(weight);
  Index c = 0;
  for (; c + P::width <= columns; c += P::width) {
    fma(w, P::load(from + c), P::load(to + c)).store(to + c);
  }
  if (c < columns) {
    const int rest = static_cast<int>(columns - c);
    fma(w, P::load_partial(from + c, rest), P::load_partial(to + c, rest))
        .store_partial(to + c, rest);
  }
}

}  // namespace superstep::math
