// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/distances.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>

#include <math/distances_kernels.hpp>
#include <math/sieve_kernels.hpp>

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

struct PackedCenters::Sieve {
  SieveCenters centers;
  std::atomic<bool> is_given_up = false;
};

PackedCenters::PackedCenters(ConstPanel centers)
    : columns_(centers.columns),
      negated_(static_cast<std::size_t>(centers.rows * centers.columns)),
      half_(static_cast<std::size_t>(centers.rows)) {
  if (centers.rows > 0) pack_centers_with<Native>(centers, negated_.data());
  half_squared_norms(centers, half_.data());
  constexpr Index fewest = 6;  // with fewer the copy in single precision costs what it saves
  if (centers.rows < fewest) return;
  sieve_ = std::make_shared<Sieve>();
  sieve_->centers = sieve_centers_with<simd::NativeFloats>(centers, half_.data());
}

const SieveCenters* PackedCenters::sieve() const {
  return sieve_ && !sieve_->is_given_up.load(std::memory_order_relaxed) ? &sieve_->centers
                                                                        : nullptr;
}

void PackedCenters::give_up_sieve() const {
  sieve_->is_given_up.store(true, std::memory_order_relaxed);
}

PackedRows pack_rows(ConstPanel x, double* out) { return pack_rows_with<Native>(x, out); }

namespace {

/// The nearest centres of some of the rows, in double precision.
void look_again(const PackedRows& x, const CenterStrips& centers,
                std::span<const std::int32_t> rows, std::int32_t* index) {
  constexpr std::size_t at_once = 96;
  thread_local AlignedBuffer buffer;
  std::int32_t found[at_once];
  for (std::size_t first = 0; first < rows.size(); first += at_once) {
    const auto some = rows.subspan(first, std::min(at_once, rows.size() - first));
    const auto n = static_cast<Index>(some.size());
    const Index stride = packed_rows_stride(n);
    double* lanes = buffer.reserve(stride * x.columns);
    for (Index c = 0; c < x.columns; ++c) {
      double* to = std::ranges::transform(some, lanes + c * stride, [&](std::int32_t row) {
                     return x.lanes[c * x.stride + row];
                   }).out;
      std::fill(to, lanes + (c + 1) * stride, 0.0);
    }
    nearest_with<Native>({lanes, n, x.columns, stride}, centers, found, nullptr);
    for (std::size_t i = 0; i < some.size(); ++i) index[some[i]] = found[i];
  }
}

}  // namespace

void nearest(const PackedRows& x, const PackedCenters& centers, std::int32_t* index,
             double* score) {
  const CenterStrips strips{centers.size(), centers.negated(), centers.half()};
  const SieveCenters* sieve = centers.sieve();
  if (score != nullptr || sieve == nullptr) return nearest_with<Native>(x, strips, index, score);
  thread_local std::vector<std::int32_t> open;
  open.clear();
  sieve_with<simd::NativeFloats>(x, *sieve, index, open);
  look_again(x, strips, open, index);
  if (4 * std::ssize(open) > x.rows) centers.give_up_sieve();
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
