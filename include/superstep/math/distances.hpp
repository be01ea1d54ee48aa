// SPDX-License-Identifier: BSD-3-Clause
// Rows and centres: the nearest centre of each row, and the sums of the rows that chose each
// centre.
#pragma once

#include <cstdint>
#include <span>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// half[j] = |c_j|^2 / 2, one chain of fused multiply-adds over the columns. centers: k x columns.
void half_squared_norms(ConstPanel centers, double* half);

/// For each row the centre j with the least score h_j = |c_j|^2 / 2 - x.c_j; the smallest j of
/// equal ones. half: as half_squared_norms gives it. score may be null. |x - c_j|^2 = |x|^2 + 2
/// score, but use squared_distances where its digits matter. Score of (i, j): h = half[j], then h =
/// fma(-x[i][c], center[j][c], h) for c = 0, 1, ...: it does not depend on the other centres. k >=
/// 1; values must be finite. 2 rows columns k flops; nothing of size rows x k is stored.
void nearest(ConstPanel x, ConstPanel centers, const double* half, std::int32_t* index,
             double* score);

/// out[i] = |x_i - c_index[i]|^2 from differences, so small distances keep their digits.
/// Sums of squares run in 8 interleaved lanes (column mod 8), added as lane_sum() of simd.hpp does.
void squared_distances(ConstPanel x, ConstPanel centers, const std::int32_t* index, double* out);

/// sums[index[i]] += w_i x_i and counts[index[i]] += w_i, rows in order. weights null: all 1. sums:
/// k x columns. A row whose index is negative belongs to no centre and is left out.
void scatter_add(ConstPanel x, const std::int32_t* index, const double* weights, Panel sums,
                 double* counts);

}  // namespace superstep::math
