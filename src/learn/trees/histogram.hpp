// SPDX-License-Identifier: BSD-3-Clause
// Histograms: for each bin of each column the sums of gradients and hessians and the number of rows
// of a node. All are integers, so rows may be added in any order by anybody, and what one child of
// a node has is what the node has less that of the other, exactly.
//
// A row's gradient, hessian and a one stand in one word (Packed) where few digits are enough, so
// that one addition is all that a bin takes; else in two (Wide).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learn/trees/binned_rows.hpp"

namespace superstep::trees {

/// The three sums of some rows.
struct NodeTotals {
  std::int64_t gradient = 0;
  std::int64_t hessian = 0;
  std::int64_t rows = 0;
  NodeTotals& operator+=(const NodeTotals& other) {
    gradient += other.gradient;
    hessian += other.hessian;
    rows += other.rows;
    return *this;
  }
  NodeTotals operator-(const NodeTotals& other) const {
    return {gradient - other.gradient, hessian - other.hessian, rows - other.rows};
  }
};

/// A histogram in memory that is somebody's: `slots` gradients, hessians and numbers of rows.
template <class T>
struct HistogramOf {
  T* gradient;
  T* hessian;
  T* rows;
  HistogramOf(T* begin, Index slots)
      : gradient(begin), hessian(begin + slots), rows(begin + 2 * slots) {}
  NodeTotals at(Index slot) const { return {gradient[slot], hessian[slot], rows[slot]}; }
};
using HistogramView = HistogramOf<std::int64_t>;
using ConstHistogram = HistogramOf<const std::int64_t>;
inline Index histogram_entries(const BinLayout& layout) { return 3 * layout.slots(); }

/// gradient << 39 | hessian << 14 | 1; sums of such words are three sums as long as none outgrows
/// its bits.
struct PackedWord {
  static constexpr int row_bits = 14;
  static constexpr int hessian_bits = 25;
  static constexpr int gradient_bits = 25;  ///< with its sign
  static std::uint64_t of(std::int64_t gradient, std::int64_t hessian) {
    return (static_cast<std::uint64_t>(gradient) << (row_bits + hessian_bits)) +
           (static_cast<std::uint64_t>(hessian) << row_bits) + 1;
  }
  static NodeTotals totals(std::uint64_t word) {
    return {
        static_cast<std::int64_t>(word) >> (row_bits + hessian_bits),
        static_cast<std::int64_t>((word >> row_bits) & ((std::uint64_t{1} << hessian_bits) - 1)),
        static_cast<std::int64_t>(word & ((std::uint64_t{1} << row_bits) - 1))};
  }
  /// Words that can be added up, where no gradient is above `largest` nor a hessian above that.
  static Index most_rows(std::int64_t largest_gradient, std::int64_t largest_hessian);
};

struct WideWord {
  std::int64_t gradient;
  std::int64_t hessian;
};

/// Some rows of a block, by their numbers in it.
using RowList = std::span<const std::uint16_t>;

/// Adds packed words of one node's rows, block after block; memory of one worker.
class PackedSums {
 public:
  /// Room for the columns of that layout, all zero.
  explicit PackedSums(const BinLayout& layout);
  void add(const BinLayout& layout, const BinnedRows& bins, const std::uint64_t* words,
           RowList rows, Index most_rows, std::int64_t* to);
  /// What was added up goes to the histogram; nothing is left.
  void flush(const BinLayout& layout, std::int64_t* to);
  static std::size_t bytes(const BinLayout& layout);

 private:
  Buffer<std::uint64_t> words_;
  Index rows_ = 0;  ///< added since the last flush
};

void add_wide(const BinLayout& layout, const BinnedRows& bins, const WideWord* words, RowList rows,
              std::int64_t* to);

}  // namespace superstep::trees
