// SPDX-License-Identifier: BSD-3-Clause
// Statistics of the columns of one block. Rows are added in order, columns are independent of each
// other.
#pragma once

#include <cstddef>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// Whether no value is NaN or infinite.
bool all_finite(const double* values, std::size_t count);
bool all_finite(const float* values, std::size_t count);

/// max_abs[c] = max(max_abs[c], |x[i][c]|). Values must not be NaN, here and below.
void column_max_abs_add(ConstPanel x, double* max_abs);
void column_max_abs_add(FloatPanel x, double* max_abs);

/// low[c] = min(low[c], x[i][c]), high[c] = max(high[c], x[i][c]). A zero's sign is that of the
/// first zero met.
void column_range_add(ConstPanel x, double* low, double* high);
void column_range_add(FloatPanel x, double* low, double* high);

/// Sums of each class around a common shift, with d = x[i][c] - shift[c], w = weights[i] and k =
/// codes[i]: sums[k][c] = fma(w, d, sums[k][c]); squares[k][c] = fma(w d, d, squares[k][c]);
/// weight_sums[k] += w.
struct ClassMoments {
  Panel sums;           ///< classes x columns
  Panel squares;        ///< classes x columns
  double* weight_sums;  ///< classes
};
/// codes: class 0 .. classes-1 of each row, as blocks carry it; null: all rows are of class 0.
/// weights null: all 1. shift null: 0.
void class_moments_add(ConstPanel x, const double* codes, const double* weights,
                       const double* shift, const ClassMoments& out);
void class_moments_add(FloatPanel x, const double* codes, const double* weights,
                       const double* shift, const ClassMoments& out);

/// sums[k][c] = fma(weights[i], x[i][c], sums[k][c]) with k = codes[i], over the rows in order.
/// sums: classes x columns. weights null: all 1.
void class_sums_add(ConstPanel x, const double* codes, const double* weights, Panel sums);
void class_sums_add(FloatPanel x, const double* codes, const double* weights, Panel sums);

}  // namespace superstep::math
