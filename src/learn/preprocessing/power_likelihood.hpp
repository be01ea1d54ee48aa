// SPDX-License-Identifier: BSD-3-Clause
// Box and Cox's and Yeo and Johnson's powers, and which of them makes a column most like a normal
// distribution (Box, Cox, "An Analysis of Transformations", 1964; Yeo, Johnson, "A new family of
// power transformations to improve normality or symmetry", 2000).
#pragma once

#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/extremes.hpp"

namespace superstep {

enum class PowerMethod { yeo_johnson, box_cox };

/// What a value becomes by the power.
double power_of(PowerMethod method, double x, double lambda);

/// The powers of the greatest likelihood, to 1e-9 of one and of the power itself; 1 for the columns
/// that `is_constant` names. Values that are NaN are left out. **Collective.**
Vector likeliest_powers(Engine& engine, const Table& table, PowerMethod method,
                        const Vector& centre, const Extremes& extremes,
                        const std::vector<char>& is_constant);

/// What that takes beside the blocks.
Footprint likeliest_powers_footprint(Index columns);
inline constexpr Index likeliest_powers_passes = 10;  ///< as a rule

}  // namespace superstep
