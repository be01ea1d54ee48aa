// SPDX-License-Identifier: BSD-3-Clause
// Body of gaussian.hpp as a template on the pack: rows are the lanes, a tile of rows x Gaussians
// stays in registers while the columns go by.
#pragma once

#include <algorithm>

#include <math/aligned_buffer.hpp>
#include <math/outer_tile.hpp>
#include <math/products_kernels.hpp>
#include <superstep/math/gaussian.hpp>

namespace superstep::math {

inline constexpr int gaussian_tile_packs = 2;
inline constexpr int gaussian_tile_width = 4;

/// acc[m][lane] -= ((tile[c][lane] - centre_m[c]) factor_m[c])^2 for every column c; M Gaussians.
/// `pairs` holds centre and factor of each column and Gaussian: [c][m][2].
template <class P, int M>
void gaussian_tile(Index columns, const double* tile, const double* pairs, double* acc) {
  constexpr int R = gaussian_tile_packs;
  constexpr Index lanes = R * P::width;
  P sum[M][R];
  for (int m = 0; m < M; ++m) {
    for (int r = 0; r < R; ++r) sum[m][r] = P::load(acc + m * lanes + r * P::width);
  }
  for (Index c = 0; c < columns; ++c, tile += lanes, pairs += 2 * M) {
    P x[R];
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) x[r] = P::load(tile + r * P::width);
#pragma GCC unroll 4
    for (int m = 0; m < M; ++m) {
      const P centre = P::broadcast(pairs[2 * m]);
      const P factor = P::broadcast(pairs[2 * m + 1]);
#pragma GCC unroll 2
      for (int r = 0; r < R; ++r) {
        const P u = (x[r] - centre) * factor;
        sum[m][r] = fnma(u, u, sum[m][r]);
      }
    }
  }
  for (int m = 0; m < M; ++m) {
    for (int r = 0; r < R; ++r) sum[m][r].store(acc + m * lanes + r * P::width);
  }
}

template <class P>
void gaussian_tile_of(int width, Index columns, const double* tile, const double* pairs,
                      double* acc) {
  switch (width) {
    case 1:
      return gaussian_tile<P, 1>(columns, tile, pairs, acc);
    case 2:
      return gaussian_tile<P, 2>(columns, tile, pairs, acc);
    case 3:
      return gaussian_tile<P, 3>(columns, tile, pairs, acc);
    default:
      return gaussian_tile<P, 4>(columns, tile, pairs, acc);
  }
}

template <class P>
void diagonal_gaussians_with(ConstPanel x, ConstPanel centres, ConstPanel factors,
                             const double* start, Panel z) {
  constexpr Index lanes = gaussian_tile_packs * P::width;
  const Index n = centres.rows;
  thread_local AlignedBuffer pair_buffer, tile_buffer;
  double* pairs = pair_buffer.reserve(2 * n * x.columns);
  double* tile = tile_buffer.reserve(lanes * x.columns);
  for (Index k = 0; k < n; k += gaussian_tile_width) {
    const Index width = std::min<Index>(gaussian_tile_width, n - k);
    double* to = pairs + 2 * k * x.columns;
    for (Index c = 0; c < x.columns; ++c) {
      for (Index m = k; m < k + width; ++m) {
        *to++ = centres.row(m)[c];
        *to++ = factors.row(m)[c];
      }
    }
  }
  alignas(64) double acc[gaussian_tile_width * lanes];
  for (Index row = 0; row < x.rows; row += lanes) {
    const Index rows = std::min(lanes, x.rows - row);
    pack_rows_as_lanes<P>(x.row(row), x.stride, rows, x.columns, lanes, tile);
    for (Index k = 0; k < n; k += gaussian_tile_width) {
      const int width = static_cast<int>(std::min<Index>(gaussian_tile_width, n - k));
      for (int m = 0; m < width; ++m) std::fill_n(acc + m * lanes, lanes, start[k + m]);
      gaussian_tile_of<P>(width, x.columns, tile, pairs + 2 * k * x.columns, acc);
      store_lanes_as_rows<P>(acc, lanes, width, rows, z.row(row) + k, z.stride);
    }
  }
}

}  // namespace superstep::math
