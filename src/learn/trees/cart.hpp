// SPDX-License-Identifier: BSD-3-Clause
// Grows one tree (Breiman, Friedman, Olshen, Stone 1984; Geurts, Ernst, Wehenkel 2006 where
// thresholds are drawn) on one thread, from a table of codes. What is drawn depends on the key and
// on the path of the node alone. Each node costs as much as it has rows, times the columns that it
// looks at.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "learn/trees/cart_forest.hpp"
#include "learn/trees/coded_table.hpp"

namespace superstep::trees {

enum class Criterion { gini, entropy, squared, poisson };
constexpr bool is_of_classes(Criterion c) {
  return c == Criterion::gini || c == Criterion::entropy;
}

struct CartRules {
  Criterion criterion = Criterion::gini;
  bool draws_thresholds = false;
  Index max_depth = 0;   ///< 0: no limit
  Index max_leaves = 0;  ///< 0: no limit; else the best leaf is split first
  Index max_features = 1;
  Index min_rows_to_split = 2;
  Index min_rows_in_leaf = 1;
  double min_weight_in_leaf = 0.0;  ///< a part of all
  double min_decrease = 0.0;
  double ccp_alpha = 0.0;
  Index classes = 0;  ///< of numbers 0
  bool operator==(const CartRules&) const = default;
};

/// The rows that a tree sees, ascending.
struct RowsOfTree {
  std::vector<std::int32_t> rows;
  std::vector<std::uint32_t> times;  ///< how often each counts; empty: once
  std::vector<double> weights;       ///< what each weighs, where that is no count; empty: see times
  std::vector<double> class_factors;  ///< on these; empty: all 1
};

/// A thread's way to grow trees of one table, one after the other.
class CartGrower {
 public:
  explicit CartGrower(const CodedTable& table);
  ~CartGrower();
  /// One tree, as CartForest::of_trees takes it.
  std::vector<std::byte> grow(const CartRules& rules, const RowsOfTree& rows, std::uint64_t key);
  /// Doubles that it holds while it grows a tree of so many nodes.
  static Index doubles(Index rows, Index columns, const CartRules& rules, Index nodes);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The smallest subtree that costs no more than the whole one, where each leaf costs `alpha`:
/// minimal cost-complexity pruning as in scikit-learn. Of one tree.
CartForest pruned(const CartForest& tree, double alpha);

}  // namespace superstep::trees
