// SPDX-License-Identifier: BSD-3-Clause
// Numbers from the bytes of a file.
#pragma once

#include <cstddef>

#include <superstep/core/types.hpp>
#include <superstep/io/dataset_layout.hpp>

namespace superstep {

/// Converts `count` elements from `in` (any alignment) to `out`. Returns how many were converted:
/// fewer than `count` when the next one has no equal in the output type.
using Convert = Index (*)(const std::byte* in, Index count, std::byte* out);

/// Null when HDF5 must do it. Out: float or double.
template <class Out>
Convert conversion_to(const ElementType& type);

/// Whether the bytes of `type` are an array of Out as they are.
template <class Out>
bool is_identical(const ElementType& type);

extern template Convert conversion_to<float>(const ElementType& type);
extern template Convert conversion_to<double>(const ElementType& type);
extern template bool is_identical<float>(const ElementType& type);
extern template bool is_identical<double>(const ElementType& type);

}  // namespace superstep
