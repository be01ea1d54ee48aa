// SPDX-License-Identifier: BSD-3-Clause
// What scalers do with one block: moments of the columns where NaN stands for a missing value, and
// the affine maps of the columns. One visit of the block each, near the speed of memory.
#pragma once

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// One entry a column.
struct ColumnMoments {
  double* counts;  ///< weight of the values that are not missing
  double* sums;
  double* squares;
};

/// For d = x[i][c] - shift[c] that is not NaN and w = weights[i], rows in order: counts[c] += w,
/// sums[c] = fma(w, d, sums[c]), squares[c] = fma(w d, d, squares[c]). weights null: all 1.
void column_moments_add(ConstPanel x, const double* weights, const double* shift,
                        const ColumnMoments& out);
void column_moments_add(FloatPanel x, const double* weights, const double* shift,
                        const ColumnMoments& out);

// The maps below hand NaN on. z lies apart from x, or is x itself.

/// z = (x - shift[c]) factor[c]
void centre_and_scale(ConstPanel x, const double* shift, const double* factor, Panel z);

/// z = x / divisor[c]
void divide_columns(ConstPanel x, const double* divisor, Panel z);

/// z = (x - shift[c]) factor[c] + start, raised to `low` and lowered to `high` (which may be
/// infinite).
void map_range(ConstPanel x, const double* shift, const double* factor, double start, double low,
               double high, Panel z);

}  // namespace superstep::math
