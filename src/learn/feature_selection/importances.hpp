// SPDX-License-Identifier: BSD-3-Clause
// How large the coefficients of a fitted model are for each column, and above what they count.
#pragma once

#include <string>
#include <vector>

#include <superstep/core/value.hpp>
#include <superstep/learn/estimator.hpp>

namespace superstep {

/// What a fitted attribute tells of each column: its size, or of several rows (one a class or
/// target) their norm of that order. `getter`: 'auto', 'coef_', 'named_steps.clf.coef_'.
/// AgreedError where the model has none of one entry a column.
Vector importances_of(const Model& model, const std::string& getter, const Value& norm_order);

/// Whether a threshold can be read: a number, 'mean', '1.25*median'.
bool is_threshold(const Value& value);
/// Its value; None is 1e-5 where an L1 penalty makes zeros, else the mean.
double threshold_of(const Value& threshold, const Estimator& estimator, const Model& model,
                    const Vector& importances);

/// The columns that reach the threshold, of these at most `max_features` (an int, or None).
std::vector<Index> important_columns(const Vector& importances, double threshold,
                                     const Value& max_features);

}  // namespace superstep
