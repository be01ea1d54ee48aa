// SPDX-License-Identifier: BSD-3-Clause
// Diagonal Gaussians on this machine's packs.
#include <superstep/math/gaussian.hpp>

#include <math/gaussian_kernels.hpp>

namespace superstep::math {

void diagonal_gaussians(ConstPanel x, ConstPanel centres, ConstPanel factors, const double* start,
                        Panel z) {
  diagonal_gaussians_with<simd::NativePack>(x, centres, factors, start, z);
}

}  // namespace superstep::math
