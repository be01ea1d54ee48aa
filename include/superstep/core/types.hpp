// SPDX-License-Identifier: BSD-3-Clause
// The integer of rows, columns and sizes, and the narrowing that is checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

namespace superstep {

/// Rows, columns, counts. Equal to Eigen::Index on every platform the project supports.
using Index = std::ptrdiff_t;

/// Narrows an integer; throws std::overflow_error when the value does not fit.
template <class To, class From>
To checked_cast(From value) {
  if (!std::in_range<To>(value)) throw std::overflow_error("an integer does not fit its type");
  return static_cast<To>(value);
}

}  // namespace superstep
