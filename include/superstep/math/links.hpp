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

/// Half the deviance of a Tweedie distribution, whose variance goes by that power of the mean
/// mu = exp(z), but for what z does not change: A(z) - y B(z) with A' = mu^a, B' = mu^b. Power 1 is
/// Poisson, 2 gamma, 3 inverse Gaussian, 0 least squares of exp(z).
struct TweedieLoss {
  double power = 1.0;

  double a() const { return 2.0 - power; }
  double b() const { return 1.0 - power; }
  /// Whether no row's second derivative a mu^a - b y mu^b is ever negative.
  bool is_convex() const { return power >= 1.0 && power <= 2.0; }
  bool operator==(const TweedieLoss&) const = default;

  /// mu^e, exactly 1 for e = 0, and its integral by z.
  static double power_of_mean(double z, double e);
  static double integral(double z, double e);
};

/// Each model with a loss of its own: loss = A(z) - y B(z); residual = w (mu^a - y mu^b). Where all
/// losses are of one common power it is quicker, with the same bits.
void tweedie(ConstPanel z, const TweedieLoss* losses, const double* y, const RowWeights& rows,
             Panel residual, double* loss);
/// h[i]: the second derivative for margin z[i] and target y[i]. `bounded`: one that is no smaller
/// than the residual nor than what is expected, mu^a, and grows as fast: where the loss is steep,
/// its curvature grows on the way. h may be z.
void tweedie_curvature(TweedieLoss loss, bool bounded, const double* z, const double* y, Index n,
                       double* h);

/// The loss of a support vector machine is the square of a row's excess u > 0, by which it lies on
/// the wrong side of where it should. residual = w dloss/dz.
///
/// Two sides: y[i] is a class code, u = 1 - s z with s = 1 in the class `places` says of the model,
/// -1 in others.
void squared_hinge(ConstPanel z, const double* places, const double* y, const RowWeights& rows,
                   Panel residual, double* loss);
/// Numbers: u = |z - y| - the model's place, which is >= 0.
void squared_tube(ConstPanel z, const double* places, const double* y, const RowWeights& rows,
                  Panel residual, double* loss);
/// h[i]: their second derivatives, 2 where u > 0, else 0. h may be z.
void squared_hinge_curvature(double place, const double* z, const double* y, Index n, double* h);
void squared_tube_curvature(double place, const double* z, const double* y, Index n, double* h);

/// z = 1 / (1 + exp(-z)), in place; neither tail loses its digits.
void sigmoid(Panel z);
/// z_c = exp(z_c) / sum exp(z), over each group of `classes` adjacent columns, in place.
void softmax(Panel z, Index classes);
/// z = exp(z), in place.
void exponential(Panel z);

}  // namespace superstep::math
