// SPDX-License-Identifier: BSD-3-Clause
// One step of k-means on a few rows: centred copies, and the sums of rows whose centres are known.
#pragma once

#include <cstdint>

#include <superstep/math/panel.hpp>

namespace superstep::math {

/// Rows of padded panels are this long: no kernel has to care for a remainder of columns.
constexpr Index padded(Index columns) { return (columns + 7) / 8 * 8; }

/// out = x - origin, followed by zeros: of the first out.rows rows, or of those whose numbers
/// `rows` gives. out: any number of rows x padded(x.columns), apart from x.
void centre_rows(ConstPanel x, const std::int32_t* rows, const double* origin, Panel out);
void centre_rows(FloatPanel x, const std::int32_t* rows, const double* origin, Panel out);

/// What rows add to their centres.
struct AssignedSums {
  Panel sums;       ///< k x columns: += w_i x_i, as scatter_add() of distances.hpp does
  double* weights;  ///< k: += w_i
};

/// Adds every row to the sums of its centre and returns the sum of w_i |x_i - c_index[i]|^2 from
/// differences. weights null: all 1. Columns: a multiple of 8 (see padded). Rows are taken centre
/// by centre, so that a centre's sums stay in registers, those of one centre in order, of each 32
/// columns after the other. The sum of squares runs in 32 lanes (column mod 32), terms fma(w d, d,
/// lane); lanes l, l + 8, l + 16, l + 24 are added as (0 + 16) + (8 + 24), those eight as
/// lane_sum() of simd.hpp does.
double add_assigned(ConstPanel x, const std::int32_t* index, const double* weights,
                    ConstPanel centers, const AssignedSums& out);

}  // namespace superstep::math
