// SPDX-License-Identifier: BSD-3-Clause
// Quantiles of what scores leave of the targets, leaf by leaf, exactly: what leaves add where the
// loss is that of absolute errors or of a quantile. Found some bits of a key that ascends with the
// number at a time, a superstep each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learn/trees/histogram.hpp"

namespace superstep::trees {

class LeafQuantiles {
 public:
  /// `is_weighted`: as scikit-learn, a value that is there, up to which lies that part of the
  /// weight; else between two neighbours, as numpy.percentile.
  LeafQuantiles(double quantile, bool is_weighted, std::size_t leaves);

  Index entries() const { return std::ssize(searches_) << digit_bits; }
  /// Counts the rows of a leaf, or adds up their `weight`, in units of so much.
  void add(std::size_t leaf, RowList rows, const double* y, const double* scores,
           const double* weight, double unit, std::int64_t* sums) const;
  /// What was added up over all rows. True: all is known.
  bool narrow(std::span<const std::int64_t> sums);
  /// Of each leaf; 0 where it has no rows.
  std::vector<double> values() const;

 private:
  static constexpr int digit_bits = 8;
  static constexpr Index digits = Index{1} << digit_bits;
  /// One value: the bits of its key that are known, and how much lies before it among those that
  /// begin alike.
  struct Search {
    std::uint64_t prefix = 0;
    std::int64_t rest = 0;
  };
  void begin(std::size_t leaf, std::int64_t total);

  double quantile_;
  bool is_weighted_;
  int unknown_ = 64;
  std::vector<Search> searches_;  ///< two for each leaf
  std::vector<double> between_;   ///< of each leaf, where between its two values
  std::vector<char> has_rows_;
};

}  // namespace superstep::trees
