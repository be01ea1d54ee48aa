// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/distances.hpp>

#include <cmath>

#include <math/distances_kernels.hpp>

namespace superstep::math {

using Native = simd::NativePack;

void half_squared_norms(ConstPanel centers, double* half) {
  for (Index j = 0; j < centers.rows; ++j) {
    double sum = 0;
    for (Index c = 0; c < centers.columns; ++c) {
      sum = std::fma(centers.row(j)[c], centers.row(j)[c], sum);
    }
    half[j] = 0.5 * sum;
  }
}

void nearest(ConstPanel x, ConstPanel centers, const double* half, std::int32_t* index,
             double* score) {
  nearest_with<Native>(x, centers, half, index, score);
}

void squared_distances(ConstPanel x, ConstPanel centers, const std::int32_t* index, double* out) {
  for (Index i = 0; i < x.rows; ++i) {
    out[i] = squared_distance<Native>(x.row(i), centers.row(index[i]), x.columns);
  }
}

void scatter_add(ConstPanel x, const std::int32_t* index, const double* weights, Panel sums,
                 double* counts) {
  for (Index i = 0; i < x.rows; ++i) {
    const std::int32_t j = index[i];
    if (j < 0) continue;
    const double weight = weights == nullptr ? 1.0 : weights[i];
    add_scaled<Native>(x.row(i), weight, sums.row(j), x.columns);
    counts[j] += weight;
  }
}

}  // namespace superstep::math
