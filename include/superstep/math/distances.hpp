// SPDX-License-Identifier: BSD-3-Clause
// Rows and centres: the nearest centre of each row, and the sums of the rows that chose each
// centre.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// half[j] = |c_j|^2 / 2, one chain of fused multiply-adds over the columns. centers: k x columns.
void half_squared_norms(ConstPanel centers, double* half);

struct SieveCenters;

/// Centres as nearest() reads them: laid out once, read by many threads. k x columns values, which
/// must be finite.
class PackedCenters {
 public:
  PackedCenters() = default;
  explicit PackedCenters(ConstPanel centers);

  Index size() const { return static_cast<Index>(half_.size()); }
  Index columns() const { return columns_; }
  /// In strips as the kernel takes them, negated.
  const double* negated() const { return negated_.data(); }
  /// As half_squared_norms() gives it.
  const double* half() const { return half_.data(); }
  /// In single precision, for a first look; null where that does not pay. May be given up by who
  /// finds that it tells too little.
  const SieveCenters* sieve() const;
  void give_up_sieve() const;

 private:
  struct Sieve;
  Index columns_ = 0;
  std::shared_ptr<Sieve> sieve_;
  std::vector<double> negated_;
  std::vector<double> half_;
};

/// Rows as nearest() reads them: several sets of centres share one copy.
struct PackedRows {
  const double* lanes = nullptr;  ///< [column][row]
  Index rows = 0;
  Index columns = 0;
  Index stride = 0;  ///< from column to column
  /// rows x columns values that will be read a while later and are fetched from memory meanwhile;
  /// null: nothing.
  const void* next = nullptr;
  Index next_bytes = 0;  ///< of one value

  template <class T>
  void fetch_from(const T* values) {
    next = values;
    next_bytes = sizeof(T);
  }
};
/// From column to column: an odd number of cache lines, which spreads columns over the cache.
constexpr Index packed_rows_stride(Index rows) { return ((rows + 7) / 8 | 1) * 8; }
/// Doubles that a copy takes.
constexpr Index packed_rows_size(Index rows, Index columns) {
  return packed_rows_stride(rows) * columns;
}
PackedRows pack_rows(ConstPanel x, double* out);

/// For each row the centre j with the least score h_j = |c_j|^2 / 2 - x.c_j; the smallest j of
/// equal ones. score may be null. |x - c_j|^2 = |x|^2 + 2 score, but use squared_distances where
/// its digits matter. Score of (i, j): h = half[j], then h = fma(-x[i][c], center[j][c], h) for c =
/// 0, 1, ...: it does not depend on the other centres. At least one centre; values must be finite.
/// 2 rows columns k flops, in single precision for the rows whose nearest centre that tells for
/// certain, unless scores are asked for; nothing of size rows x k is stored.
void nearest(const PackedRows& x, const PackedCenters& centers, std::int32_t* index, double* score);
void nearest(ConstPanel x, const PackedCenters& centers, std::int32_t* index, double* score);

/// out[i] = |x_i - c_index[i]|^2 from differences, so small distances keep their digits.
/// Sums of squares run in 8 interleaved lanes (column mod 8), added as lane_sum() of simd.hpp does.
void squared_distances(ConstPanel x, ConstPanel centers, const std::int32_t* index, double* out);

/// sums[index[i]] += w_i x_i and counts[index[i]] += w_i, rows in order. weights null: all 1. sums:
/// k x columns. A row whose index is negative belongs to no centre and is left out.
void scatter_add(ConstPanel x, const std::int32_t* index, const double* weights, Panel sums,
                 double* counts);

}  // namespace superstep::math
