// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/assignment.hpp>

#include <math/assignment_kernels.hpp>

namespace superstep::math {

using Native = simd::NativePack;

void centre_rows(ConstPanel x, const std::int32_t* rows, const double* origin, Panel out) {
  centre_rows_with<Native>(x, rows, origin, out);
}

void centre_rows(FloatPanel x, const std::int32_t* rows, const double* origin, Panel out) {
  centre_rows_with<Native, float>(x, rows, origin, out);
}

double add_assigned(ConstPanel x, const std::int32_t* index, const double* weights,
                    ConstPanel centers, const AssignedSums& out) {
  return weights == nullptr ? add_assigned_with<Native, false>(x, index, weights, centers, out)
                            : add_assigned_with<Native, true>(x, index, weights, centers, out);
}

}  // namespace superstep::math
