// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/cart.hpp"

#include <numeric>
#include <tuple>

#include "learn/trees/cart_growth.hpp"

namespace superstep::trees {

namespace {

/// Nodes of at most so many rows are finished on copies of their columns. Where thresholds are
/// drawn rows that lie side by side are looked at once for all columns, wherever they are.
Index most_copied_rows(Index columns, const CartRules& rules) {
  if (rules.draws_thresholds && columns <= PackedRow::most_columns) return Index{1} << 18;
  return std::clamp((Index{1} << 22) / std::max<Index>(columns, 1), Index{512}, Index{8192});
}

double weight_of(const RowsOfTree& rows, std::size_t i) {
  if (!rows.weights.empty()) return rows.weights[i];
  return rows.times.empty() ? 1.0 : rows.times[i];
}

double mean_target(const CodedTable& table, const RowsOfTree& rows) {
  double sum = 0.0, weight = 0.0;
  for (std::size_t i = 0; i < rows.rows.size(); ++i) {
    const double w = weight_of(rows, i);
    sum += w * table.targets[static_cast<std::size_t>(rows.rows[i])];
    weight += w;
  }
  return sum / weight;
}

/// What lasts from one tree to the next, so that memory need not be asked for.
template <class Code>
class Workshop {
 public:
  explicit Workshop(const CodedTable& table)
      : table_(table), whole_(table), copied_(table), packed_(table) {}

  /// The nodes of tree() that it has.
  Index grow(const CartRules& rules, const RowsOfTree& rows, std::uint64_t key) {
    if (!is_of_classes(rules.criterion)) {
      const double centre = rules.criterion == Criterion::poisson ? 0.0 : mean_target(table_, rows);
      return grow_as(rules, rows, key, Numbers(rules.criterion, centre));
    }
    const bool counts_rows = rules.min_rows_in_leaf > 1;
    std::uint64_t times = rows.rows.size();
    std::uint32_t most_times = 1;
    if (!rows.times.empty()) {
      times = std::accumulate(rows.times.begin(), rows.times.end(), std::uint64_t{0});
      most_times = std::ranges::max(rows.times);
    }
    if (rules.classes == 2 && rows.weights.empty() &&
        TwoClasses::fits(rows.rows.size(), times, most_times, counts_rows)) {
      return grow_as(rules, rows, key,
                     TwoClasses(rules.criterion, counts_rows, most_times, rows.class_factors));
    }
    return grow_as(rules, rows, key,
                   ManyClasses(rules.criterion, rules.classes, rows.class_factors));
  }

  const CartForest& tree() const { return tree_; }

 private:
  template <class Row>
  struct Buffers {
    RowBuffers<std::int32_t, Row> whole;
    RowBuffers<std::uint16_t, Row> copied;
    RowBuffers<PackedColumns::Id, Row> packed;
  };

  template <class Kind>
  Index grow_as(const CartRules& rules, const RowsOfTree& rows, std::uint64_t key, Kind kind) {
    const Index columns = std::ssize(table_.columns);
    tree_.outputs = std::max<Index>(rules.classes, 1);
    tree_.resize(tree_.nodes());
    GrowingTree<Kind> growing{.table = table_,
                              .rules = rules,
                              .kind = std::move(kind),
                              .key = key,
                              .tree = tree_,
                              .known = KnownConstants(columns)};
    growing.order.resize(table_.columns.size());
    std::iota(growing.order.begin(), growing.order.end(), 0);

    using Row = typename Kind::Row;
    Buffers<Row>& buffers = std::get<Buffers<Row>>(buffers_);
    buffers.whole.resize(rows.rows.size());
    for (std::size_t i = 0; i < rows.rows.size(); ++i) {
      const double target = table_.targets[static_cast<std::size_t>(rows.rows[i])];
      buffers.whole.ids[i] = rows.rows[i];
      buffers.whole.rows[i] = growing.kind.row(target, weight_of(rows, i));
    }
    CartSearch<Kind, Code> search(growing.kind, rules, table_);
    CartGrowth<Kind, Code, TableColumns<Code>> whole(growing, search, whole_, buffers.whole,
                                                     codes_);
    const CartNode root = whole.plant();
    if (rules.max_leaves > 0) {
      whole.grow_best_first(root);
      return growing.nodes;
    }
    const Index most = most_copied_rows(columns, rules);
    const auto elsewhere = [&](const CartNode& node) {
      if (node.count > (table_.packed.empty() ? std::min<Index>(most, 8192) : most)) return false;
      CartNode from = node;
      from.begin = 0;
      const auto n = static_cast<std::size_t>(node.count);
      if constexpr (sizeof(Code) == 1) {
        if (!table_.packed.empty()) {
          buffers.packed.resize(n);
          packed_.pack(whole.ids(node), node.count, buffers.packed.ids.data());
          std::copy_n(whole.rows(node), n, buffers.packed.rows.data());
          CartGrowth<Kind, Code, PackedColumns> packed(growing, search, packed_, buffers.packed,
                                                       codes_);
          packed.grow_depth_first(from, [](const CartNode&) { return false; });
          return true;
        }
      }
      copied_.begin(whole.ids(node), node.count);
      buffers.copied.resize(n);
      std::iota(buffers.copied.ids.begin(), buffers.copied.ids.end(), std::uint16_t{0});
      std::copy_n(whole.rows(node), n, buffers.copied.rows.data());
      CartGrowth<Kind, Code, CopiedColumns<Code>> copied(growing, search, copied_, buffers.copied,
                                                         codes_);
      copied.grow_depth_first(from, [](const CartNode&) { return false; });
      return true;
    };
    whole.grow_depth_first(root, elsewhere);
    return growing.nodes;
  }

  const CodedTable& table_;
  TableColumns<Code> whole_;
  CopiedColumns<Code> copied_;
  PackedColumns packed_;
  std::tuple<Buffers<TwoClasses::Row>, Buffers<ManyClasses::Row>, Buffers<Numbers::Row>> buffers_;
  std::vector<Code> codes_;
  CartForest tree_;
};

}  // namespace

class CartGrower::Impl {
 public:
  explicit Impl(const CodedTable& table)
      : is_narrow_(table.is_narrow()), narrow_(table), wide_(table) {}
  std::vector<std::byte> grow(const CartRules& rules, const RowsOfTree& rows, std::uint64_t key) {
    const Index nodes = is_narrow_ ? narrow_.grow(rules, rows, key) : wide_.grow(rules, rows, key);
    const CartForest& tree = is_narrow_ ? narrow_.tree() : wide_.tree();
    if (!(rules.ccp_alpha > 0.0)) return tree.bytes_of_first(nodes);
    const CartForest rest = pruned(tree.first(nodes), rules.ccp_alpha);
    return rest.bytes_of_first(rest.nodes());
  }

 private:
  bool is_narrow_;
  Workshop<std::uint8_t> narrow_;
  Workshop<std::uint16_t> wide_;
};

CartGrower::CartGrower(const CodedTable& table) : impl_(std::make_unique<Impl>(table)) {}
CartGrower::~CartGrower() = default;

std::vector<std::byte> CartGrower::grow(const CartRules& rules, const RowsOfTree& rows,
                                        std::uint64_t key) {
  return impl_->grow(rules, rows, key);
}

Index CartGrower::doubles(Index rows, Index columns, const CartRules& rules, Index nodes) {
  const Index outputs = std::max<Index>(rules.classes, 1);
  // Its rows and what stands in them, twice; copies of columns; cells; its nodes, as bytes too.
  const Index lists = rows * 8;
  const Index copied = std::min(rows, most_copied_rows(columns, rules));
  const Index copies = copied * (columns <= PackedRow::most_columns ? 12 : columns / 4 + 4);
  const Index cells = std::min<Index>(rows + 1, 65'536) * (outputs + 2);
  return lists + copies + cells + 2 * nodes * (6 + outputs);
}

}  // namespace superstep::trees
