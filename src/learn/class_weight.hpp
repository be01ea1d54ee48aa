// SPDX-License-Identifier: BSD-3-Clause
// The parameter class_weight: factors on the weights of each class's rows.
#pragma once

#include <string>

#include <superstep/core/params.hpp>
#include <superstep/data/labels.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// None, 'balanced' or a dict of label: weight >= 0.
Range class_weight_range();

/// The factors, one a class, where class_weight is not None. 'balanced', as scikit-learn has it:
/// weight / (classes * weight of the class), of the rows and classes that are trained on.
/// AgreedError where a label is no class.
Vector class_factors(const Value& class_weight, const std::string& estimator, const Labels& classes,
                     const Vector& weight_of_class);

}  // namespace superstep
