// SPDX-License-Identifier: BSD-3-Clause
// Which branches of a grown tree do not pay: the cheapest becomes a leaf first, as long as it is
// cheaper than its leaves (Breiman and others 1984, chapter 3).
#include <queue>

#include "learn/trees/cart.hpp"

namespace superstep::trees {

namespace {

/// What is known of the branch at each node while branches become leaves.
class Pruning {
 public:
  explicit Pruning(const CartForest& tree)
      : tree_(tree),
        parent_(tree.left.size(), -1),
        leaves_(tree.left.size(), 1),
        own_(tree.left.size()),
        branch_(tree.left.size()),
        is_leaf_(tree.left.size()),
        version_(tree.left.size()) {
    for (std::size_t n = 0; n < own_.size(); ++n) {
      own_[n] = tree.weight[n] * tree.impurity[n] / tree.weight[0];
      is_leaf_[n] = tree.left[n] == 0;
    }
    // Children lie behind their parents.
    for (std::size_t n = own_.size(); n-- > 0;) {
      if (is_leaf_[n]) {
        branch_[n] = own_[n];
        continue;
      }
      const auto l = static_cast<std::size_t>(tree.left[n]);
      parent_[l] = parent_[l + 1] = static_cast<Index>(n);
      leaves_[n] = leaves_[l] + leaves_[l + 1];
      branch_[n] = branch_[l] + branch_[l + 1];
    }
    for (std::size_t n = 0; n < own_.size(); ++n) offer(n);
  }

  /// Makes leaves of branches as long as a leaf less is worth more than they take off.
  void prune(double alpha) {
    while (!open_.empty() && open_.top().alpha <= alpha) {
      const Offer best = open_.top();
      open_.pop();
      const std::size_t n = best.node;
      if (best.version != version_[n] || is_leaf_[n] || is_below_a_leaf(n)) continue;
      const double more = own_[n] - branch_[n];
      const Index fewer = leaves_[n] - 1;
      is_leaf_[n] = true;
      for (Index p = parent_[n]; p >= 0; p = parent_[static_cast<std::size_t>(p)]) {
        const auto at = static_cast<std::size_t>(p);
        branch_[at] += more;
        leaves_[at] -= fewer;
        ++version_[at];
        offer(at);
      }
    }
  }

  bool is_leaf(std::size_t n) const { return is_leaf_[n]; }

 private:
  struct Offer {
    double alpha;
    std::size_t node;
    int version;
    bool operator<(const Offer& other) const {
      return alpha != other.alpha ? alpha > other.alpha : node > other.node;
    }
  };
  void offer(std::size_t n) {
    if (is_leaf_[n]) return;
    const double alpha = (own_[n] - branch_[n]) / static_cast<double>(leaves_[n] - 1);
    open_.push({alpha, n, version_[n]});
  }
  bool is_below_a_leaf(std::size_t n) const {
    for (Index p = parent_[n]; p >= 0; p = parent_[static_cast<std::size_t>(p)]) {
      if (is_leaf_[static_cast<std::size_t>(p)]) return true;
    }
    return false;
  }

  const CartForest& tree_;
  std::vector<Index> parent_, leaves_;
  std::vector<double> own_, branch_;
  std::vector<char> is_leaf_;
  std::vector<int> version_;
  std::priority_queue<Offer> open_;
};

void copy_node(const CartForest& from, std::size_t n, CartForest& to, std::size_t m) {
  const auto outputs = static_cast<std::size_t>(from.outputs);
  std::copy_n(from.value.begin() + static_cast<Index>(n * outputs), from.outputs,
              to.value.begin() + static_cast<Index>(m * outputs));
  to.impurity[m] = from.impurity[n];
  to.weight[m] = from.weight[n];
  to.rows[m] = from.rows[n];
}

}  // namespace

CartForest pruned(const CartForest& tree, double alpha) {
  Pruning pruning(tree);
  pruning.prune(alpha);
  CartForest to;
  to.outputs = tree.outputs;
  to.resize(1);
  copy_node(tree, 0, to, 0);
  std::vector<std::size_t> origin{0};
  for (std::size_t m = 0; m < origin.size(); ++m) {
    const std::size_t n = origin[m];
    if (pruning.is_leaf(n)) continue;
    const auto left = static_cast<std::size_t>(tree.left[n]);
    to.left[m] = static_cast<std::int32_t>(origin.size());
    to.feature[m] = tree.feature[n];
    to.threshold[m] = tree.threshold[n];
    to.missing_left[m] = tree.missing_left[n];
    for (const std::size_t child : {left, left + 1}) {
      to.resize(std::ssize(origin) + 1);
      copy_node(tree, child, to, origin.size());
      origin.push_back(child);
    }
  }
  to.begin = {0, to.nodes()};
  return to;
}

}  // namespace superstep::trees
