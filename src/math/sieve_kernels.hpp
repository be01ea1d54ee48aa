// SPDX-License-Identifier: BSD-3-Clause
// Nearest centres by a first look in single precision, at twice the speed: where the best score and
// the next differ by more than both can be wrong by, the best is the best in double precision, too.
// Of the other rows it says nothing; they are few, and nearest_with() looks at them. So what is
// found does not depend on this.
//
// How wrong a score h - x.c can be, with d columns and u = 2^-24: x, c and h are rounded, each by u
// of itself; every step rounds the sum so far, which is at most |h| + |x||c|, by u (1 + u)^d, and
// perhaps its product. That is (d + 4) u (|h| + |x||c|) to first order; the scores of double
// precision are 2^29 times nearer. C = max |c| bounds all centres, with |h| = |c|^2 / 2. Below
// 2^-126 roundings are absolute, far less than 2^-126 for factors of 1, |x| and C.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <math/aligned_buffer.hpp>
#include <math/float_pack.hpp>
#include <math/outer_tile.hpp>
#include <superstep/math/distances.hpp>

namespace superstep::math {

/// Rows of a tile are `packs` packs of lanes, its centres at most `most_centers`.
template <class F>
struct SieveShape {
  static constexpr int packs = 3;
  static constexpr int most_centers = 4;
};
#if defined(__AVX512F__) && defined(__AVX512DQ__)
template <>
struct SieveShape<simd::Avx512Floats> {
  static constexpr int packs = 3;
  static constexpr int most_centers = 8;
};
#endif

/// The number of centres of a tile that wastes least.
template <class F>
int sieve_centers(Index k) {
  int best = SieveShape<F>::most_centers;
  for (int m = best; 2 * m >= SieveShape<F>::most_centers; --m) {
    if (ceil_div(k, m) * m < ceil_div(k, best) * best) best = m;
  }
  return best;
}

/// For each lane the least score, the one after it, and whose the least is.
struct SieveArguments {
  Index depth = 0;
  const float* x = nullptr;  ///< [column][row]
  Index stride = 0;
  const float* centers = nullptr;  ///< [column][centre], negated
  const float* half = nullptr;
  Index first = 0;  ///< number of the first centre
  float* best = nullptr;
  float* second = nullptr;
  float* index = nullptr;
  /// Fetched from memory meanwhile, so many bytes a step of the depth; by the first strip.
  const char* fetch = nullptr;
  Index fetch_step = 0;
};

template <class F, int M, int R>
void sieve_tile(const SieveArguments& s) {
  F score[M][R];
#pragma GCC unroll 8
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) score[m][r] = F::broadcast(s.half[m]);
  }
  const float* x = s.x;
  const float* c = s.centers;
  const char* fetch = s.fetch;
  for (Index k = 0; k < s.depth; ++k, x += s.stride, c += M, fetch += s.fetch_step) {
    for (Index at = 0; at < s.fetch_step; at += 64) __builtin_prefetch(fetch + at, 0, 2);
    F lanes[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) lanes[r] = F::load(x + r * F::width);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        score[m][r] = add_product(lanes[r], F::broadcast(c[m]), score[m][r]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    F best = F::load(s.best + r * F::width);
    F second = F::load(s.second + r * F::width);
    F index = F::load(s.index + r * F::width);
#pragma GCC unroll 8
    for (int m = 0; m < M; ++m) {
      const auto better = less(score[m][r], best);
      second = min(second, max(score[m][r], best));
      best = min(score[m][r], best);
      index = select(better, F::broadcast(static_cast<float>(s.first + m)), index);
    }
    best.store(s.best + r * F::width);
    second.store(s.second + r * F::width);
    index.store(s.index + r * F::width);
  }
}

/// All strips of centres for R packs of rows.
template <class F, int M, int R>
void sieve_rows(SieveArguments s, Index strips) {
  for (Index i = 0; i < strips; ++i) {
    sieve_tile<F, M, R>(s);
    s.centers += M * s.depth;
    s.half += M;
    s.first += M;
    s.fetch_step = 0;
  }
}

template <class F, int R>
void sieve_rows(const SieveArguments& s, Index k) {
  const int m = sieve_centers<F>(k);
  const Index strips = ceil_div(k, m);
  switch (m) {
    case 2:
      return sieve_rows<F, 2, R>(s, strips);
    case 3:
      return sieve_rows<F, 3, R>(s, strips);
    case 4:
      return sieve_rows<F, 4, R>(s, strips);
    case 5:
      return sieve_rows<F, 5, R>(s, strips);
    case 6:
      return sieve_rows<F, 6, R>(s, strips);
    case 7:
      return sieve_rows<F, 7, R>(s, strips);
    default:
      return sieve_rows<F, 8, R>(s, strips);
  }
}

/// Centres as sieve() reads them.
struct SieveCenters {
  std::vector<float> negated;  ///< in strips, [column][centre]
  std::vector<float> half;     ///< infinite for what only fills the last strip
  Index k = 0;
  double longest = 0.0;  ///< C
};

template <class F>
SieveCenters sieve_centers_with(ConstPanel centers, const double* half) {
  SieveCenters s;
  s.k = centers.rows;
  const int m = sieve_centers<F>(s.k);
  const Index padded = ceil_div(s.k, m) * m;
  s.negated.assign(static_cast<std::size_t>(padded * centers.columns), 0.0F);
  s.half.assign(static_cast<std::size_t>(padded), std::numeric_limits<float>::infinity());
  for (Index j = 0; j < s.k; ++j) {
    float* to = s.negated.data() + j / m * m * centers.columns + j % m;
    for (Index c = 0; c < centers.columns; ++c) to[c * m] = static_cast<float>(-centers.row(j)[c]);
    s.half[static_cast<std::size_t>(j)] = static_cast<float>(half[j]);
    s.longest = std::max(s.longest, std::sqrt(2.0 * half[j]));
  }
  return s;
}

/// Twice what scores of a row of length |x| can be wrong by is at most of_all + of_length |x|.
struct SieveBound {
  float of_all, of_length;
};
inline SieveBound sieve_bound(Index columns, double longest) {
  // The factor keeps what is rounded here, and the length of a row below, on the safe side.
  const auto d = static_cast<double>(columns);
  const double twice = 2.0 * (d + 6.0) * (1.01 + d * 0x1p-22);
  constexpr double u = 0x1p-24, least = 0x1p-126;
  const double of_length = twice * (u * longest + least);
  // Squares of a row that vanish leave it at most that long.
  const double unseen = (d + 1.0) * 0x1p-62;
  const double of_all =
      twice * (u * 0.5 * longest * longest + least * (1.0 + longest)) + of_length * unseen;
  return {static_cast<float>(of_all), static_cast<float>(of_length)};
}

/// Writes the nearest centre of every row for which it is certain; appends the numbers of the
/// others to `open`.
template <class F>
void sieve_with(const PackedRows& x, const SieveCenters& centers, std::int32_t* index,
                std::vector<std::int32_t>& open) {
  constexpr Index w = F::width, packs = SieveShape<F>::packs;
  const Index lanes = ceil_div(x.rows, w) * w;
  thread_local AlignedBuffer buffer;
  // In doubles: half as many as there are floats.
  auto* narrow = reinterpret_cast<float*>(buffer.reserve(ceil_div(lanes * (x.columns + 4), 2)));
  float* const best = narrow + lanes * x.columns;
  float* const second = best + lanes;
  float* const where = second + lanes;
  float* const squares = where + lanes;
  std::fill_n(best, 2 * lanes, std::numeric_limits<float>::infinity());
  std::fill_n(where, 2 * lanes, 0.0F);
  for (Index c = 0; c < x.columns; ++c) {
    const double* from = x.lanes + c * x.stride;
    float* to = narrow + c * lanes;
    for (Index i = 0; i < x.rows; ++i) {
      to[i] = static_cast<float>(from[i]);
      squares[i] += to[i] * to[i];
    }
    std::fill(to + x.rows, to + lanes, 0.0F);
  }
  SieveArguments s{x.columns, narrow, lanes, centers.negated.data(), centers.half.data()};
  for (Index row = 0; row < lanes;) {
    const bool is_whole = lanes - row >= packs * w;
    s.x = narrow + row;
    s.best = best + row;
    s.second = second + row;
    s.index = where + row;
    if (x.next != nullptr) {
      s.fetch = static_cast<const char*>(x.next) + row * x.columns * x.next_bytes;
      s.fetch_step = (is_whole ? packs : 1) * w * x.next_bytes;
    }
    is_whole ? sieve_rows<F, packs>(s, centers.k) : sieve_rows<F, 1>(s, centers.k);
    row += is_whole ? packs * w : w;
  }
  const SieveBound bound = sieve_bound(x.columns, centers.longest);
  for (Index i = 0; i < x.rows; ++i) squares[i] = std::sqrt(squares[i]);
  for (Index i = 0; i < x.rows; ++i) {
    index[i] = static_cast<std::int32_t>(where[i]);
    // Where the bound is no larger, nothing above is near the largest float. False for NaN, too.
    const float apart = bound.of_all + bound.of_length * squares[i];
    const bool is_certain = apart < 1e30F && second[i] - best[i] > apart;
    if (!is_certain) open.push_back(static_cast<std::int32_t>(i));
  }
}

}  // namespace superstep::math
