// SPDX-License-Identifier: BSD-3-Clause
// Losses and residuals of generalised linear models on a panel Z of margins, rows x models: what
// stands between Z = X W and G += X' R.
//
// Sums over rows run in 8 interleaved lanes for each model: lane l adds rows l, l + 8, l + 16, ...
// in order, and the lanes are added as lane_sum() of simd.hpp does. Lanes begin at the first row of
// a call. So a model's sum has the same bits alone and in any batch; splitting the rows over calls
// changes it.
#pragma once

#include <cstdint>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// How much each row counts, and for which model: a model has a column of weights, zero where it
/// does not train on the row. Models of one column (the candidates of one fold) should be
/// neighbours.
struct RowWeights {
  const double* weights = nullptr;  ///< rows x columns, >= 0; null: all 1
  Index columns = 1;
  const std::int32_t* column = nullptr;  ///< one a model: its column; null: the first
};

/// Binary logistic. y[i] in {0, 1}. loss = log1p(exp(-|z|)) + max(z, 0) - y z.
/// residual (may be z itself; data null: not wanted) = w (1 / (1 + exp(-z)) - y), zero where w is.
/// loss: one entry a model, += sum of w loss; null: not wanted (and not computed).
void logistic(ConstPanel z, const double* y, const RowWeights& rows, Panel residual, double* loss);

/// Multinomial logistic: Z holds `classes` adjacent columns for each model, so there are
/// z.columns / classes models. y[i]: the class code 0 .. classes-1, as blocks carry it. loss =
/// log(sum_c exp(z_c)) - z_y; residual_c = w (p_c - [c == y]).
void multinomial(ConstPanel z, Index classes, const double* y, const RowWeights& rows,
                 Panel residual, double* loss);

/// Poisson with log link. loss = exp(z) - y z; residual = w (exp(z) - y).
void poisson(ConstPanel z, const double* y, const RowWeights& rows, Panel residual, double* loss);

/// z = 1 / (1 + exp(-z)), in place; neither tail loses its digits.
void sigmoid(Panel z);
/// z_c = exp(z_c) / sum exp(z), over each group of `classes` adjacent columns, in place.
void softmax(Panel z, Index classes);
/// z = exp(z), in place.
void exponential(Panel z);

}  // namespace superstep::math
