// SPDX-License-Identifier: BSD-3-Clause
// Places among ascending values, found without branches, which nobody could foresee.
#pragma once

#include <superstep/core/types.hpp>

namespace superstep::trees {

/// How many of n ascending values `is_before` holds for: the first ones.
template <class IsBefore>
Index count_before(const double* values, Index n, const IsBefore& is_before) {
  const double* at = values;
  while (n > 1) {
    const Index half = n / 2;
    at += half & -Index{is_before(at[half - 1])};
    n -= half;
  }
  return at - values + (n == 1 && is_before(*at) ? 1 : 0);
}

inline Index count_below(const double* values, Index n, double value) {
  return count_before(values, n, [value](double v) { return v < value; });
}
inline Index count_up_to(const double* values, Index n, double value) {
  return count_before(values, n, [value](double v) { return v <= value; });
}

}  // namespace superstep::trees
