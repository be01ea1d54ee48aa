// SPDX-License-Identifier: BSD-3-Clause
// numpy.argsort of 64-bit integers: an introspective sort that is not stable. GroupKFold deals
// groups out in its order, so equal-sized groups land where scikit-learn puts them only if ties
// come out the same. (numpy 1.24 and later without AVX-512, whose vectorised argsort orders ties
// otherwise.)
#pragma once

#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// The places of the values in ascending order.
std::vector<Index> argsort(std::span<const Index> values);

}  // namespace superstep
