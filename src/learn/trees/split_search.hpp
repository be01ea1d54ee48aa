// SPDX-License-Identifier: BSD-3-Clause
// The best split of a node, from its histogram. One formula on doubles that are made of exact
// integers, so every rank finds the same; equal gains are told apart by column and bin.
#pragma once

#include <cstdint>

#include "learn/trees/histogram.hpp"

namespace superstep::trees {

/// Rows whose bin is at most `bin` go to the left, what is missing where `missing_left` says.
struct Split {
  double gain = 0.0;  ///< of none 0
  std::int32_t column = -1;
  std::int32_t bin = 0;
  bool missing_left = false;
  NodeTotals left{};  ///< what goes there

  bool exists() const { return column >= 0; }
  /// Of two, which one is taken: larger gain, then smaller column.
  bool is_before(const Split& other) const {
    return gain != other.gain ? gain > other.gain : column < other.column;
  }
};

struct SplitRules {
  double gradient_unit = 1.0;  ///< what an integer of the sums stands for
  double hessian_unit = 1.0;
  double l2 = 0.0;
  Index min_rows = 1;
  double min_hessian = 1e-3;
  double min_gain = 0.0;  ///< for each unit of the hessians of all rows
};

/// The best one in a column; `any_missing`: whether the column has missing values in the tree's
/// rows.
Split best_split_in(const BinLayout& layout, const std::int64_t* histogram,
                    const NodeTotals& totals, Index column, bool any_missing,
                    const SplitRules& rules);

}  // namespace superstep::trees
