// SPDX-License-Identifier: BSD-3-Clause
// Parameters of estimators that choose: a value or several, how many or which.
#pragma once

#include <string>
#include <vector>

#include <superstep/core/params.hpp>

namespace superstep {

/// Whether it is a list, not empty, of numbers for which that holds.
bool are_numbers(const Value& list, bool (*holds)(double));
/// A number for which that holds, or a list of such.
Range one_or_several(std::string text, bool (*holds)(double));
/// A whole number of values, or a list of those for which that holds.
Range how_many_or_which(std::string text, bool (*holds)(double));

/// Those of a list, or the one number.
std::vector<double> numbers_of(const Value& value);

}  // namespace superstep
