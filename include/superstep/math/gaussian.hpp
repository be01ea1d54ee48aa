// SPDX-License-Identifier: BSD-3-Clause
// Rows and Gaussians with diagonal covariance: the exponents of all Gaussians at every row of a
// block.
#pragma once

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// z[i][k] = start[k] - sum_c ((x[i][c] - centres[k][c]) factors[k][c])^2, with factors = 1 /
/// (sigma sqrt 2). From differences, so that no digits are lost where centres lie far from zero: z
/// = start[k], then for c = 0, 1, ...: u = (x - centre) factor, z = fma(-u, u, z). Both matrices:
/// Gaussians x columns. 3 instructions an entry instead of the 2 of an expanded square; memory
/// bound for one Gaussian.
void diagonal_gaussians(ConstPanel x, ConstPanel centres, ConstPanel factors, const double* start,
                        Panel z);

}  // namespace superstep::math
