// SPDX-License-Identifier: BSD-3-Clause
// Rows on their way down trees. Several rows walk side by side, so that the loads of one hide those
// of the others; a step is 16 bytes, and rows wait at their leaf until the deepest has come to its.
#pragma once

#include <cstdint>
#include <vector>

#include <superstep/math/panel.hpp>
#include "learn/trees/tree.hpp"

namespace superstep::trees {

class Walker {
 public:
  explicit Walker(const Forest& forest);

  /// out[i][k] += what the trees k, k + outputs, ... say of row i, in their order. Rows should be
  /// so few that they stay in the cache beside a tree.
  void add_values(Index outputs, math::ConstPanel x, math::Panel out) const;

 private:
  /// A leaf leads to itself.
  struct Step {
    double threshold;
    std::int32_t column_and_side;  ///< twice the column, one more where what is missing goes left
    std::int32_t left;             ///< 0 at a leaf
  };
  struct Tree {
    Index begin;
    Index depth;
  };
  static constexpr Index lanes = 8;
  /// Where each of the rows ends, from the tree's beginning.
  void walk(const Tree& tree, const double* const* rows, std::int32_t* at) const;

  std::vector<Step> steps_;
  std::vector<double> values_;
  std::vector<Tree> trees_;
};

}  // namespace superstep::trees
