// SPDX-License-Identifier: BSD-3-Clause
// A tree as it grows: the rows of a node lie side by side, with what stands in them, and are dealt
// out to its children in place. A node of few rows is finished on a copy of its columns, in cache.
#pragma once

#include <queue>

#include "learn/trees/cart_columns.hpp"
#include "learn/trees/cart_search.hpp"

namespace superstep::trees {

struct CartNode {
  Index id = 0;
  Index begin = 0;
  Index count = 0;
  Index depth = 0;
  std::uint64_t path = 1;
};

/// Which columns are known to be constant in the nodes above one, level by level.
class KnownConstants {
 public:
  explicit KnownConstants(Index columns) : words_(static_cast<std::size_t>(columns / 64 + 1)) {}
  /// Of a node at that depth, whose parent was the last one that was entered at the depth above.
  void enter(Index depth) {
    const auto d = static_cast<std::size_t>(depth + 1);
    if (levels_.size() <= d) levels_.resize(d + 1, std::vector<std::uint64_t>(words_));
    levels_[d] = levels_[d - 1];
    at_ = levels_[d].data();
  }
  bool has(Index column) const { return (at_[column >> 6] >> (column & 63) & 1) != 0; }
  void add(Index column) { at_[column >> 6] |= std::uint64_t{1} << (column & 63); }

 private:
  std::size_t words_;
  std::vector<std::vector<std::uint64_t>> levels_{1, std::vector<std::uint64_t>(words_)};
  std::uint64_t* at_ = nullptr;
};

/// The rows of nodes, what stands in them, and room to deal them out.
template <class Id, class Row>
struct RowBuffers {
  std::vector<Id> ids, other_ids;
  std::vector<Row> rows, other_rows;

  void resize(std::size_t n) {
    ids.resize(n);
    rows.resize(n);
    if (other_ids.size() < n) other_ids.resize(n);
    if (other_rows.size() < n) other_rows.resize(n);
  }
};

/// What the whole tree is, however its nodes are grown.
template <class Kind>
struct GrowingTree {
  const CodedTable& table;
  const CartRules& rules;
  Kind kind;
  std::uint64_t key;
  CartForest& tree;  ///< with more nodes than there are yet
  Index nodes = 0;
  double weight = 0.0;
  KnownConstants known;
  std::vector<Index> order{};  ///< of columns, as they are drawn from

  void note(Index id, const NodeSum& node, const typename Kind::Sum& sum,
            const typename Kind::Row* rows, Index n) {
    const auto i = static_cast<std::size_t>(id);
    tree.left[i] = 0;
    tree.feature[i] = -1;
    tree.threshold[i] = 0.0;
    tree.missing_left[i] = 0;
    tree.impurity[i] = node.impurity;
    tree.weight[i] = node.weight;
    tree.rows[i] = static_cast<std::int32_t>(n);
    kind.value(sum, rows, n, tree.value.data() + id * tree.outputs);
  }
  Index add_nodes(Index count) {
    const Index first = nodes;
    nodes += count;
    if (nodes > tree.nodes()) tree.resize(std::max<Index>(2 * tree.nodes(), 64));
    return first;
  }
};

template <class Kind, class Code, class Columns>
class CartGrowth {
 public:
  using Id = typename Columns::Id;
  using Row = typename Kind::Row;
  using Sum = typename Kind::Sum;

  /// The rows are those in `buffers`.
  CartGrowth(GrowingTree<Kind>& growing, CartSearch<Kind, Code>& search, Columns& columns,
             RowBuffers<Id, Row>& buffers, std::vector<Code>& codes)
      : growing_(growing),
        rules_(growing.rules),
        search_(search),
        columns_(columns),
        buffers_(buffers),
        codes_(codes),
        all_(growing.kind.zero()),
        left_(growing.kind.zero()),
        right_(growing.kind.zero()) {
    if (codes_.size() < buffers.ids.size()) codes_.resize(buffers.ids.size());
  }

  const Id* ids(const CartNode& node) const { return buffers_.ids.data() + node.begin; }
  const Row* rows(const CartNode& node) const { return buffers_.rows.data() + node.begin; }

  /// The first node of the tree.
  CartNode plant() {
    const CartNode root{growing_.add_nodes(1), 0, std::ssize(buffers_.ids), 0, 1};
    growing_.kind.add_all(all_, rows(root), root.count);
    growing_.note(root.id, growing_.kind.node(all_, rows(root), root.count), all_, rows(root),
                  root.count);
    growing_.weight = growing_.tree.weight[0];
    search_.set_least_weight(rules_.min_weight_in_leaf * growing_.weight);
    return root;
  }

  /// Everything below a node, to the left first. `elsewhere(node)`: whether it was done otherwise.
  template <class Elsewhere>
  void grow_depth_first(const CartNode& from, const Elsewhere& elsewhere) {
    std::vector<CartNode> open{from};
    while (!open.empty()) {
      const CartNode node = open.back();
      open.pop_back();
      if (is_leaf(node) || elsewhere(node)) continue;
      if constexpr (!finds_ranges) growing_.known.enter(node.depth);
      const Candidate c = split(node);
      if (!(c.decrease >= 0.0)) continue;
      const auto [left, right] = commit(c, false);
      open.push_back(right);
      open.push_back(left);
    }
  }

  /// The leaf next whose split takes most off the impurity; of equal ones the older.
  void grow_best_first(const CartNode& root) {
    const auto is_worse = [](const Candidate& a, const Candidate& b) {
      return a.decrease != b.decrease ? a.decrease < b.decrease : a.node.id > b.node.id;
    };
    std::priority_queue<Candidate, std::vector<Candidate>, decltype(is_worse)> open(is_worse);
    const auto offer = [&](const CartNode& node) {
      if (is_leaf(node)) return;
      growing_.known.enter(0);
      const Candidate c = split(node);
      if (c.decrease >= 0.0) open.push(c);
    };
    offer(root);
    for (Index leaves = 1; leaves < rules_.max_leaves && !open.empty(); ++leaves) {
      const Candidate best = open.top();
      open.pop();
      const auto [left, right] = commit(best, true);
      offer(left);
      offer(right);
    }
  }

 private:
  static constexpr bool finds_ranges = std::is_same_v<Columns, PackedColumns>;

  /// A split whose rows lie as it wants them.
  struct Candidate {
    CartNode node;
    CartSplit split;
    Index to_left = 0;
    double decrease = -1.0;  ///< of the whole tree's impurity; below 0: there is no split
  };

  bool is_leaf(const CartNode& node) const {
    const auto id = static_cast<std::size_t>(node.id);
    return (rules_.max_depth > 0 && node.depth >= rules_.max_depth) ||
           node.count < rules_.min_rows_to_split || node.count < 2 * rules_.min_rows_in_leaf ||
           growing_.tree.weight[id] < 2 * rules_.min_weight_in_leaf * growing_.weight ||
           growing_.tree.impurity[id] <= std::numeric_limits<double>::epsilon();
  }

  Candidate split(const CartNode& node) {
    Candidate c{node, {}, 0, -1.0};
    growing_.kind.clear(all_);
    growing_.kind.add_all(all_, rows(node), node.count);
    c.split = find(node);
    if (c.split.feature < 0) return c;
    const CodedColumn& column = growing_.table.columns[static_cast<std::size_t>(c.split.feature)];
    search_.set_threshold(column, c.split);
    c.to_left = deal_out(node, c.split, static_cast<Index>(column.codes));
    if (!c.split.has_missing) c.split.missing_left = c.to_left > node.count - c.to_left;
    add_up(node, c.to_left);
    const auto id = static_cast<std::size_t>(node.id);
    const double weight = growing_.tree.weight[id];
    const double left_over = of_left_.weight / weight * of_left_.impurity +
                             of_right_.weight / weight * of_right_.impurity;
    const double decrease = weight / growing_.weight * (growing_.tree.impurity[id] - left_over);
    // As in scikit-learn, against rounding.
    if (decrease + std::numeric_limits<double>::epsilon() < rules_.min_decrease) return c;
    c.decrease = std::max(decrease, 0.0);
    return c;
  }

  /// Sums of both children, and what is told of them.
  void add_up(const CartNode& node, Index to_left) {
    const Row* const rows = this->rows(node);
    growing_.kind.clear(left_);
    growing_.kind.add_all(left_, rows, to_left);
    growing_.kind.add_rest(right_, all_, left_, rows + to_left, node.count - to_left);
    of_left_ = growing_.kind.node(left_, rows, to_left);
    of_right_ = growing_.kind.node(right_, rows + to_left, node.count - to_left);
  }

  CartSplit find(const CartNode& node) {
    const Draws draws(mixed_bits(growing_.key ^ node.path));
    CartSplit best;
    if constexpr (finds_ranges) columns_.find_ranges(ids(node), node.count);
    if constexpr (finds_ranges && !std::is_same_v<Kind, ManyClasses>) {
      if (rules_.draws_thresholds) {
        look_at_drawn(node, draws, best);
        return best;
      }
    }
    draw_columns(draws, [&](Index feature) { return look(node, feature, draws, best); });
    return best;
  }

  /// Until so many were drawn and one of them was not constant, of which `look` tells.
  template <class Look>
  void draw_columns(const Draws& draws, const Look& look) {
    const Index columns = std::ssize(growing_.table.columns);
    if (rules_.max_features >= columns) {
      for (Index f = 0; f < columns; ++f) look(f);
      return;
    }
    std::vector<Index>& order = growing_.order;
    drawn_.clear();
    Index useful = 0;
    for (Index i = 0; i < columns && (i < rules_.max_features || useful == 0); ++i) {
      const auto left = static_cast<std::uint64_t>(columns - i);
      const Index j = i + static_cast<Index>(draws.below(static_cast<std::uint64_t>(i), left));
      std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
      drawn_.push_back(j);
      if (look(order[static_cast<std::size_t>(i)])) ++useful;
    }
    for (std::size_t i = drawn_.size(); i-- > 0;) {
      std::swap(order[i], order[static_cast<std::size_t>(drawn_[i])]);
    }
  }

  /// The sums up to drawn thresholds of all columns at once.
  void look_at_drawn(const CartNode& node, const Draws& draws, CartSplit& best) {
    Index features[PackedColumns::most_columns], n = 0;
    std::uint8_t last[PackedColumns::most_columns] = {};
    double thresholds[PackedColumns::most_columns];
    draw_columns(draws, [&](Index feature) {
      if (columns_.least(feature) == columns_.most(feature)) return false;
      const CodedColumn& column = growing_.table.columns[static_cast<std::size_t>(feature)];
      if (columns_.most(feature) == column.codes) return look(node, feature, draws, best);
      NodeColumn<Kind, Code> of{feature, column, nullptr, nullptr, node.count};
      of.take_range(columns_.least(feature), columns_.most(feature));
      last[feature] = static_cast<std::uint8_t>(
          search_.draw(of, draws, std::ssize(growing_.table.columns), thresholds[feature]));
      features[n++] = feature;
      return true;
    });
    Sum sums[PackedColumns::most_columns];
    columns_.add_up_to(growing_.kind, ids(node), rows(node), node.count, last, sums);
    for (Index i = 0; i < n; ++i) {
      const Index f = features[i];
      const CodedColumn& column = growing_.table.columns[static_cast<std::size_t>(f)];
      const NodeColumn<Kind, Code> of{f, column, nullptr, nullptr, node.count};
      search_.take_drawn(of, all_, sums[f], last[f], thresholds[f], best);
    }
  }

  /// False: the column is constant.
  bool look(const CartNode& node, Index feature, const Draws& draws, CartSplit& best) {
    if constexpr (finds_ranges) {
      if (columns_.least(feature) == columns_.most(feature)) return false;
    } else {
      if (growing_.known.has(feature)) return false;
    }
    columns_.gather(feature, ids(node), node.count, codes_.data());
    NodeColumn<Kind, Code> column{feature,
                                  growing_.table.columns[static_cast<std::size_t>(feature)],
                                  codes_.data(), rows(node), node.count};
    if constexpr (finds_ranges) {
      column.take_range(columns_.least(feature), columns_.most(feature));
    } else if (!column.find_range()) {
      growing_.known.add(feature);
      return false;
    }
    if (rules_.draws_thresholds) {
      search_.look_at_one(column, all_, draws, std::ssize(growing_.table.columns), best);
    } else {
      search_.look_for_best(column, all_, best);
    }
    return true;
  }

  /// Puts the rows that go to the left in front, in their order, and gives their number.
  Index deal_out(const CartNode& node, const CartSplit& split, Index missing_code) {
    columns_.gather(split.feature, ids(node), node.count, codes_.data());
    const auto last = static_cast<Code>(split.code);
    if (!split.missing_left) {
      return deal_out(node, [last](Code code) { return code <= last; });
    }
    const auto missing = static_cast<Code>(missing_code);
    return deal_out(node, [=](Code code) { return code <= last || code == missing; });
  }

  template <class GoesLeft>
  Index deal_out(const CartNode& node, const GoesLeft& goes_left) {
    Id* const ids = buffers_.ids.data() + node.begin;
    Row* const rows = buffers_.rows.data() + node.begin;
    const Code* const codes = codes_.data();
    Id* const other_ids = buffers_.other_ids.data();
    Row* const other_rows = buffers_.other_rows.data();
    Index left = 0, right = 0;
    for (Index j = 0; j < node.count; ++j) {
      const Id id = ids[j];
      const Row row = rows[j];
      const Index to_left = goes_left(codes[j]) ? 1 : 0;
      ids[left] = id;
      rows[left] = row;
      other_ids[right] = id;
      other_rows[right] = row;
      left += to_left;
      right += 1 - to_left;
    }
    std::copy_n(other_ids, right, ids + left);
    std::copy_n(other_rows, right, rows + left);
    return left;
  }

  /// `again`: whether other nodes were split since.
  std::pair<CartNode, CartNode> commit(const Candidate& c, bool again) {
    if (again) {
      growing_.kind.clear(all_);
      growing_.kind.add_all(all_, rows(c.node), c.node.count);
      add_up(c.node, c.to_left);
    }
    const auto id = static_cast<std::size_t>(c.node.id);
    const Index first = growing_.add_nodes(2);
    CartForest& tree = growing_.tree;
    tree.left[id] = static_cast<std::int32_t>(first);
    tree.feature[id] = static_cast<std::int32_t>(c.split.feature);
    tree.threshold[id] = c.split.threshold;
    tree.missing_left[id] = c.split.missing_left ? 1 : 0;
    const CartNode left{first, c.node.begin, c.to_left, c.node.depth + 1,
                        path_to_child(c.node.path, false)};
    const CartNode right{first + 1, c.node.begin + c.to_left, c.node.count - c.to_left,
                         c.node.depth + 1, path_to_child(c.node.path, true)};
    growing_.note(left.id, of_left_, left_, rows(left), left.count);
    growing_.note(right.id, of_right_, right_, rows(right), right.count);
    return {left, right};
  }

  GrowingTree<Kind>& growing_;
  const CartRules& rules_;
  CartSearch<Kind, Code>& search_;
  Columns& columns_;
  RowBuffers<Id, Row>& buffers_;
  std::vector<Code>& codes_;
  Sum all_, left_, right_;
  NodeSum of_left_, of_right_;
  std::vector<Index> drawn_;
};

}  // namespace superstep::trees
