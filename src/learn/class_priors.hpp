// SPDX-License-Identifier: BSD-3-Clause
// The parameter `priors` of classifiers that know how probable their classes are.
#pragma once

#include <string>

#include <superstep/core/value.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// The probabilities of the classes that are present: those given, one a class of the data, else as
/// often as they occur. Zero for the others.
Vector class_priors(const Value& given, const std::string& estimator, const Vector& class_weight);
/// Whether a value may be given for them: None or a list of numbers.
bool are_class_priors(const Value& value);

}  // namespace superstep
