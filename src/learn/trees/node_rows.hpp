// SPDX-License-Identifier: BSD-3-Clause
// Which rows of a block lie in which node of a tree that grows: one list, in which those of a node
// lie side by side, in order.
#pragma once

#include <cstdint>
#include <vector>

#include "learn/trees/grower.hpp"

namespace superstep::trees {

class NodeRows {
 public:
  static constexpr std::size_t most_rows = 4096;  ///< of a block

  bool has_root() const { return !segments_.empty(); }
  /// All of them lie in the root.
  void plant(std::vector<std::uint16_t> rows);
  void forget() { segments_.clear(); }
  /// Divides the nodes whose split was tried since.
  void divide(const Grower& grower, const BinLayout& layout, const BinnedRows& bins);

  RowList of(int node) const {
    const Segment& s = segments_[static_cast<std::size_t>(node)];
    return RowList(list_).subspan(static_cast<std::size_t>(s.begin),
                                  static_cast<std::size_t>(s.count));
  }
  /// Adds the values of the leaves of that tree, which has grown, to the scores of their rows.
  void add_leaves(const Grower& grown, const Forest& forest, Index tree, double* scores) const;

 private:
  struct Segment {
    std::int32_t begin;
    std::int32_t count;
  };
  std::vector<std::uint16_t> list_;
  std::vector<Segment> segments_;  ///< by node
};

/// Adds the values of the leaves to which a walk down the tree leads.
void walk(const Forest& forest, Index tree, const BinLayout& layout, const BinnedRows& bins,
          RowList rows, double* scores);

}  // namespace superstep::trees
