// SPDX-License-Identifier: BSD-3-Clause
// Functions of one number by the names that NumPy gives them.
#pragma once

#include <string>
#include <vector>

#include <superstep/core/value.hpp>

namespace superstep {

using NumberFunction = double (*)(double);

/// Null for a name that is none of them.
NumberFunction named_function(const std::string& name);
/// "np.abs", "np.exp", ...: what a parameter may be.
std::vector<Value> function_names();

}  // namespace superstep
