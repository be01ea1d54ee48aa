// SPDX-License-Identifier: BSD-3-Clause
// One tree grows, leaf by leaf, the split of largest gain first, the same on every rank. Rows are
// not seen here: histograms come in, and what is to be summed next goes out. Several leaves are
// split at once, those that would come next as things stand, and splits are taken in the order of
// their gains: the tree is the one that grows a leaf at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "learn/trees/split_search.hpp"
#include "learn/trees/tree.hpp"

namespace superstep::trees {

struct GrowthRules {
  SplitRules split{};
  Index max_leaves = 31;  ///< 0: as many as there are
  Index max_depth = 0;    ///< 0: as deep as it goes
  Index min_rows_to_split = 2;
  Index max_features = 0;  ///< columns that a node looks at, drawn for it; 0: all
  std::uint64_t seed = 0;  ///< of the tree
};

class Grower {
 public:
  /// A node is there as soon as its parent's split is tried, whether the tree will have it or not.
  struct Node {
    int parent = -1;
    int left = -1;  ///< its children's numbers are that and the next; -1: its split was not tried
    int depth = 0;
    std::uint64_t path = 1;  ///< from the root: twice that of the parent, one more on the right
    NodeTotals totals{};
    Split best{};
    bool is_split = false;                  ///< in the tree
    std::vector<std::int64_t> histogram{};  ///< while it may be split
    std::vector<char> columns{};            ///< that it looks at; empty: all
  };

  Grower(const BinLayout& layout, const GrowthRules& rules) : layout_(&layout), rules_(rules) {}

  /// The histogram of all rows. Then searches() are to be made, and advance() called.
  void plant(std::span<const std::int64_t> histogram);
  /// Takes splits as far as their gains are known. False: the tree is grown. True: the histograms
  /// of wanted() are to be given to absorb().
  bool advance(Index most_at_once);
  std::span<const int> wanted() const { return wanted_; }
  /// That of the i-th of them.
  void absorb(std::size_t i, std::span<const std::int64_t> histogram);

  /// Nodes whose best split is not known: each column may be searched by another thread.
  std::span<const int> searches() const { return searches_; }
  Split search(int node, Index column) const;
  /// Whether a node looks at a column.
  bool looks_at(int node, Index column) const;
  void found(int node, const Split& best) { nodes_[static_cast<std::size_t>(node)].best = best; }
  void searched();

  const std::vector<Node>& nodes() const { return nodes_; }
  const BinLayout& layout() const { return *layout_; }
  /// What a leaf adds to its rows' scores, before it is shrunk: a step of Newton.
  double step_of(const NodeTotals& totals) const;
  /// Of a tree that is grown, ascending.
  std::vector<int> leaves() const;
  /// Its nodes go behind those of the forest. `steps`: what leaves() add, before it is shrunk;
  /// empty: step_of() them.
  void harvest(const BinEdges& edges, double shrinkage, std::span<const double> steps,
               Forest& forest) const;

  /// Of nodes that may be open at a time, as a rule: for footprints.
  static Index histograms(const GrowthRules& rules, Index most_at_once);

 private:
  /// Who is split first: larger gain, then the one nearer to the root, then further left.
  struct Place {
    double gain;
    int depth;
    std::uint64_t path;
    int node;
    bool operator<(const Place& other) const {
      if (gain != other.gain) return gain > other.gain;
      if (depth != other.depth) return depth < other.depth;
      return path != other.path ? path < other.path : node < other.node;
    }
  };
  Place place_of(int node) const;
  bool may_be_split(const Node& node) const;
  void draw_columns(Node& node) const;
  /// Tries the split of a node; whether a histogram is wanted for that.
  void expand(int node, bool with_histograms);
  void take(int node, std::set<Place>& open) const;
  std::vector<int> next_to_expand(Index most_at_once) const;

  const BinLayout* layout_;
  GrowthRules rules_;
  std::vector<Node> nodes_;
  std::vector<char> any_missing_;  ///< by column
  std::set<Place> open_;           ///< leaves that can be split
  Index leaves_ = 1;
  std::vector<int> wanted_, searches_;
};

}  // namespace superstep::trees
