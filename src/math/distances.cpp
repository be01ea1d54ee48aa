// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/distances.hpp>

#include <algorithm>
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

PackedCenters::PackedCenters(ConstPanel centers)
    : columns_(centers.columns),
      negated_(static_cast<std::size_t>(centers.rows * centers.columns)),
      half_(static_cast<std::size_t>(centers.rows)) {
  if (centers.rows > 0) pack_centers_with<Native>(centers, negated_.data());
  half_squared_norms(centers, half_.data());
}

PackedRows pack_rows(ConstPanel x, double* out) { return pack_rows_with<Native>(x, out); }

void nearest(const PackedRows& x, const PackedCenters& centers, std::int32_t* index,
             double* score) {
  nearest_with<Native>(x, {centers.size(), centers.negated(), centers.half()}, index, score);
}

void nearest(ConstPanel x, const PackedCenters& centers, std::int32_t* index, double* score) {
  constexpr Index rows_at_once = 192;
  thread_local AlignedBuffer buffer;
  double* lanes = buffer.reserve(packed_rows_size(rows_at_once, x.columns));
  for (Index row = 0; row < x.rows; row += rows_at_once) {
    const Index rows = std::min(rows_at_once, x.rows - row);
    nearest(pack_rows(x.middle_rows(row, rows), lanes), centers, index + row,
            score == nullptr ? nullptr : score + row);
  }
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
