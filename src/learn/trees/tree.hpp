// SPDX-License-Identifier: BSD-3-Clause
// Trees as they are kept and asked: plain arrays, the children of a node side by side.
#pragma once

#include <cstdint>
#include <vector>

#include <superstep/learn/attributes.hpp>

namespace superstep::trees {

/// Several trees, one behind the other. Node i of a tree that begins at b has children at
/// b + left[i] and the place behind that; a leaf has none (0).
struct Forest {
  std::vector<Index> begin{0};  ///< of each tree; the last is the end of all
  std::vector<Index> left;
  std::vector<Index> feature;  ///< of a leaf -1
  std::vector<double>
      threshold;           ///< values up to it go to the left; the largest: all that are there
  std::vector<Index> bin;  ///< the same told by bins; only while training
  std::vector<Index> missing_left;
  std::vector<double> value;  ///< what a leaf adds; of an inner node what it would as a leaf
  std::vector<double> gain;   ///< of the split
  std::vector<Index> rows;    ///< that were trained on

  Index trees() const { return std::ssize(begin) - 1; }
  Index nodes() const { return begin.back(); }
  void drop_last() {
    begin.pop_back();
    resize(begin.back());
  }
  void resize(Index nodes);
  /// Whether every tree is one, of so many columns.
  bool is_sound(Index columns) const;
};

/// As fields of a model file: tree by tree. DataError where they are no trees of so many columns.
void write(const AttributeWriter& out, const Forest& forest);
Forest read_forest(const AttributeReader& in, Index columns);

/// How much each column has gained, in parts of all.
Vector importances(const Forest& forest, Index columns);

}  // namespace superstep::trees
