// SPDX-License-Identifier: BSD-3-Clause
// The losses of boosting as functions of scores: first and second derivatives, and where scores
// begin. As scikit-learn's.
#pragma once

#include <string>

#include <superstep/math/matrix.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::trees {

/// `quantile`: that of absolute errors is the median's. Their second derivatives are taken to be 1.
enum class Loss { binary, multinomial, squared, poisson, gamma, quantile };

/// Scores of a row: one for each class where there are more than two.
struct RowScores {
  const double* scores;  ///< output by output: that of row i, k at k * rows + i
  Index rows;
  Index outputs;
};

/// Of each row and output, laid out as scores are: times the row's weight (null: 1). `scratch`:
/// rows x outputs.
/// `quantile`: which, for Loss::quantile.
void derivatives(Loss loss, double quantile, const RowScores& s, const double* y,
                 const double* weight, double* gradient, double* hessian, double* scratch);
/// losses[i], without the row's weight. `scratch` likewise.
void losses_of(Loss loss, double quantile, const RowScores& s, const double* y, double* losses,
               double* scratch);

/// What scores begin with. Of classes from what their rows weigh, of numbers from their mean.
Vector first_scores(Loss loss, const Vector& weight_of_class, double mean);

/// From scores, rows x outputs, to probabilities of classes, or to the mean, in place: one column
/// of scores of two classes becomes two.
void exponentials(Loss loss, math::Panel scores);

inline bool has_classes(Loss loss) { return loss == Loss::binary || loss == Loss::multinomial; }

}  // namespace superstep::trees
