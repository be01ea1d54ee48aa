// SPDX-License-Identifier: BSD-3-Clause
// Python's arithmetic on numbers that stand in an expression: 10 ** 3, 1 / 3, 7 // 2.
#pragma once

#include <optional>
#include <string_view>
#include <superstep/core/value.hpp>

namespace superstep {

/// `op` is one of + - * / // % **. None, and `problem` says why, where Python fails or the result
/// is not a number of 64 bits.
std::optional<Value> compute(const Value& a, std::string_view op, const Value& b,
                             std::string_view& problem);

}  // namespace superstep
