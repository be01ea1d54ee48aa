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

/// How k centres are cut into strips: as few as a tile can take, all about equal, the longer ones
/// first.
template <class P>
class Strips {
 public:
  explicit Strips(Index k) : k_(k), count_(ceil_div(k, TileShape<P>::broadcasts)) {}
  Index count() const { return count_; }
  int centers_of(Index i) const {
    return static_cast<int>(k_ / count_ + (i < k_ % count_ ? 1 : 0));
  }

 private:
  Index k_, count_;
};

/// out: of each strip [column][centre], negated.
template <class P>
void pack_centers_with(ConstPanel centers, double* out) {
  const Strips<P> strips(centers.rows);
  Index first = 0;
  for (Index i = 0; i < strips.count(); ++i) {
    const int m_count = strips.centers_of(i);
    for (int m = 0; m < m_count; ++m) {
      double* to = out + first * centers.columns + m;
      for (Index c = 0; c < centers.columns; ++c) to[c * m_count] = -centers.row(first + m)[c];
    }
    first += m_count;
  }
}

/// Centres as pack_centers_with() left them.
struct CenterStrips {
  Index k;
  const double* negated;
  const double* half;
};

template <class P>
void nearest_with(const PackedRows& x, const CenterStrips& centers, std::int32_t* index,
                  double* score) {
  using Shape = TileShape<P>;
  constexpr Index most_lanes = Shape::packs(1) * P::width;
  alignas(64) double best[most_lanes], where[most_lanes];
  const Strips<P> strips(centers.k);
  const int most_packs = Shape::packs(strips.centers_of(0));
  NearestArguments n;
  n.tile.depth = x.columns;
  n.tile.a_stride = x.stride;
  n.score = best;
  n.index = where;
  Index row = 0;
  for (LaneCut left{static_cast<int>(ceil_div(x.rows, P::width)), false}; left.packs > 0;) {
    const LaneCut cut = take_tile(left, most_packs);
    const Index lanes = lanes_of<P>(cut);
    std::fill_n(best, lanes, std::numeric_limits<double>::infinity());
    std::fill_n(where, lanes, 0.0);
    n.tile.a = x.lanes + row;
    if (x.next != nullptr) {
      constexpr Index unit = sizeof(double);
      n.tile.fetch = static_cast<const double*>(x.next) + row * x.columns * x.next_bytes / unit;
      n.tile.fetch_step = lanes * x.next_bytes / unit;
    }
    Index first = 0;
    for (Index i = 0; i < strips.count(); ++i) {
      const int m = strips.centers_of(i);
      n.tile.b = centers.negated + first * x.columns;
      n.tile.b_stride = m;
      n.tile.start = centers.half + first;
      n.first_center = static_cast<double>(first);
      TileTable<P, NearestTile<P>>::of(cut, m)(n);
      n.tile.fetch = nullptr;
      first += m;
    }
    const Index valid = std::min(lanes, x.rows - row);
    for (Index i = 0; i < valid; ++i) index[row + i] = static_cast<std::int32_t>(where[i]);
    if (score != nullptr) std::copy_n(best, valid, score + row);
    row += lanes;
  }
}

template <class P>
PackedRows pack_rows_with(ConstPanel x, double* out) {
  const Index stride = packed_rows_stride(x.rows);
  pack_rows_as_lanes<P>(x.data, x.stride, x.rows, x.columns, stride, out);
  return {out, x.rows, x.columns, stride};
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
