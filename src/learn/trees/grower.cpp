// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/grower.hpp"

#include <algorithm>
#include <deque>
#include <limits>

#include <superstep/core/philox.hpp>
#include "learn/trees/purposes.hpp"

namespace superstep::trees {

namespace {

/// Leaves are split together with the best one down to this part of its gain.
constexpr double gain_beside_best = 0.2;

}  // namespace

bool Grower::may_be_split(const Node& node) const {
  return node.totals.rows >= std::max(2 * rules_.split.min_rows, rules_.min_rows_to_split) &&
         (rules_.max_depth == 0 || node.depth < rules_.max_depth);
}

void Grower::plant(std::span<const std::int64_t> histogram) {
  Node root;
  root.histogram.assign(histogram.begin(), histogram.end());
  const ConstHistogram sums(root.histogram.data(), layout_->slots());
  for (Index b = 0; b < layout_->slots(0); ++b) root.totals += sums.at(b);
  for (Index c = 0; c < layout_->columns(); ++c) {
    any_missing_.push_back(sums.rows[layout_->slot_begin(c + 1) - 1] > 0 ? 1 : 0);
  }
  rules_.split.min_gain *= static_cast<double>(root.totals.hessian) * rules_.split.hessian_unit;
  draw_columns(root);
  nodes_.push_back(std::move(root));
  if (may_be_split(nodes_.front())) searches_.push_back(0);
}

// By the node's place, so that it does not matter when it is looked at.
void Grower::draw_columns(Node& node) const {
  const Index all = layout_->columns();
  if (rules_.max_features == 0 || rules_.max_features >= all) return;
  RowRandom random(Philox(rules_.seed, columns_purpose), node.path);
  node.columns.assign(static_cast<std::size_t>(all), 0);
  for (Index left = all - rules_.max_features; left < all; ++left) {  // Floyd
    const auto drawn = static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(left) + 1));
    node.columns[node.columns[drawn] != 0 ? static_cast<std::size_t>(left) : drawn] = 1;
  }
}

bool Grower::looks_at(int node, Index column) const {
  const std::vector<char>& its = nodes_[static_cast<std::size_t>(node)].columns;
  return its.empty() || its[static_cast<std::size_t>(column)] != 0;
}

Split Grower::search(int node, Index column) const {
  const Node& n = nodes_[static_cast<std::size_t>(node)];
  return best_split_in(*layout_, n.histogram.data(), n.totals, column,
                       any_missing_[static_cast<std::size_t>(column)] != 0, rules_.split);
}

void Grower::searched() {
  for (const int id : searches_) {
    Node& node = nodes_[static_cast<std::size_t>(id)];
    if (!node.best.exists()) node.histogram = {};
  }
  if (nodes_.size() == 1 && nodes_.front().best.exists()) open_.insert(place_of(0));
  searches_.clear();
}

Grower::Place Grower::place_of(int node) const {
  const Node& n = nodes_[static_cast<std::size_t>(node)];
  return {n.best.gain, n.depth, n.path, node};
}

// The smaller child's rows are summed, the other's are what is left.
void Grower::expand(int id, bool with_histograms) {
  const int left = static_cast<int>(nodes_.size());
  Node sides[2];
  {
    Node& node = nodes_[static_cast<std::size_t>(id)];
    node.left = left;
    sides[0].totals = node.best.left;
    sides[1].totals = node.totals - node.best.left;
    for (int side = 0; side < 2; ++side) {
      sides[side].parent = id;
      sides[side].depth = node.depth + 1;
      sides[side].path = 2 * node.path + static_cast<std::uint64_t>(side);
      draw_columns(sides[side]);
    }
    const bool any = with_histograms && (may_be_split(sides[0]) || may_be_split(sides[1]));
    if (any) {
      wanted_.push_back(sides[0].totals.rows <= sides[1].totals.rows ? left : left + 1);
    } else {
      node.histogram = {};
    }
  }
  nodes_.push_back(std::move(sides[0]));
  nodes_.push_back(std::move(sides[1]));
}

void Grower::absorb(std::size_t i, std::span<const std::int64_t> histogram) {
  const int small = wanted_[i];
  Node& node = nodes_[static_cast<std::size_t>(small)];
  Node& parent = nodes_[static_cast<std::size_t>(node.parent)];
  const int large = parent.left == small ? small + 1 : small - 1;
  Node& sibling = nodes_[static_cast<std::size_t>(large)];
  sibling.histogram = std::move(parent.histogram);
  parent.histogram = {};
  for (std::size_t k = 0; k < histogram.size(); ++k) sibling.histogram[k] -= histogram[k];
  node.histogram.assign(histogram.begin(), histogram.end());
  for (const int id : {parent.left, parent.left + 1}) {
    Node& child = nodes_[static_cast<std::size_t>(id)];
    if (may_be_split(child)) {
      searches_.push_back(id);
    } else {
      child.histogram = {};
    }
  }
}

void Grower::take(int id, std::set<Place>& open) const {
  const Node& node = nodes_[static_cast<std::size_t>(id)];
  for (const int child : {node.left, node.left + 1}) {
    if (nodes_[static_cast<std::size_t>(child)].best.exists()) open.insert(place_of(child));
  }
}

bool Grower::advance(Index most_at_once) {
  wanted_.clear();
  const Index most = rules_.max_leaves == 0 ? std::numeric_limits<Index>::max() : rules_.max_leaves;
  while (leaves_ < most && !open_.empty()) {
    const int best = open_.begin()->node;
    if (nodes_[static_cast<std::size_t>(best)].left < 0) {
      if (leaves_ + 1 == most) {
        expand(best, false);  // nobody will ask what is best in these children
      } else {
        for (const int id : next_to_expand(most_at_once)) expand(id, true);
        if (!wanted_.empty()) return true;
        continue;
      }
    }
    open_.erase(open_.begin());
    nodes_[static_cast<std::size_t>(best)].is_split = true;
    ++leaves_;
    take(best, open_);
  }
  for (Node& node : nodes_) node.histogram = {};
  return false;
}

// Those that would be split if nothing came of children that are not known yet.
std::vector<int> Grower::next_to_expand(Index most_at_once) const {
  const Index most = rules_.max_leaves == 0 ? std::numeric_limits<Index>::max() : rules_.max_leaves;
  const double least = open_.begin()->gain * gain_beside_best;
  std::set<Place> open = open_;
  std::vector<int> chosen;
  for (Index budget = most - leaves_; budget > 0 && !open.empty(); --budget) {
    const Place next = *open.begin();
    if (next.gain < least || std::ssize(chosen) == most_at_once) break;
    open.erase(open.begin());
    if (nodes_[static_cast<std::size_t>(next.node)].left < 0) {
      chosen.push_back(next.node);
    } else {
      take(next.node, open);
    }
  }
  return chosen;
}

double Grower::step_of(const NodeTotals& totals) const {
  const double hessian = static_cast<double>(totals.hessian) * rules_.split.hessian_unit;
  if (!(hessian > 0.0)) return 0.0;
  return -static_cast<double>(totals.gradient) * rules_.split.gradient_unit /
         (hessian + rules_.split.l2);
}

std::vector<int> Grower::leaves() const {
  std::vector<int> found;
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    const Node& node = nodes_[static_cast<std::size_t>(i)];
    const bool is_there = node.parent < 0 || nodes_[static_cast<std::size_t>(node.parent)].is_split;
    if (is_there && !node.is_split) found.push_back(i);
  }
  return found;
}

// Level by level, so that children lie side by side.
void Grower::harvest(const BinEdges& edges, double shrinkage, std::span<const double> steps,
                     Forest& forest) const {
  const std::vector<int> leaves_in_order = leaves();
  const Index begin = forest.nodes();
  std::deque<int> next = {0};
  for (Index end = begin + 1, at = begin; !next.empty(); ++at) {
    const int id = next.front();
    const Node& node = nodes_[static_cast<std::size_t>(id)];
    next.pop_front();
    forest.resize(at + 1);
    const auto i = static_cast<std::size_t>(at);
    forest.value[i] = shrinkage * step_of(node.totals);
    if (!node.is_split && !steps.empty()) {
      const auto leaf = std::ranges::lower_bound(leaves_in_order, id) - leaves_in_order.begin();
      forest.value[i] = shrinkage * steps[static_cast<std::size_t>(leaf)];
    }
    forest.rows[i] = node.totals.rows;
    forest.feature[i] = -1;
    if (!node.is_split) continue;
    const std::vector<double>& its = edges.edges(node.best.column);
    const auto bin = static_cast<std::size_t>(node.best.bin);
    forest.left[i] = end - begin;
    forest.feature[i] = node.best.column;
    forest.bin[i] = node.best.bin;
    forest.threshold[i] = bin < its.size() ? its[bin] : std::numeric_limits<double>::max();
    forest.missing_left[i] = node.best.missing_left ? 1 : 0;
    forest.gain[i] = node.best.gain;
    next.push_back(node.left);
    next.push_back(node.left + 1);
    end += 2;
  }
  forest.begin.push_back(static_cast<Index>(forest.left.size()));
}

Index Grower::histograms(const GrowthRules& rules, Index most_at_once) {
  const Index leaves = rules.max_leaves == 0 ? 1024 : rules.max_leaves;
  return 2 * (leaves + most_at_once);
}

}  // namespace superstep::trees
