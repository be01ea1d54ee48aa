// SPDX-License-Identifier: BSD-3-Clause
// The best split of the rows of a node by one column. A node of few rows costs as much as these,
// not as its column has codes: its codes are sorted or marked.
#pragma once

#include <bit>
#include <limits>
#include <vector>

#include "learn/trees/cart_kinds.hpp"
#include "learn/trees/draws.hpp"
#include "learn/trees/ordered.hpp"

namespace superstep::trees {

struct CartSplit {
  Index feature = -1;  ///< -1: there is none
  double score = no_score;
  Index code = 0;   ///< codes up to it go to the left
  Index next = -1;  ///< the next one that is there; -1: none is, but what is missing
  double threshold = 0.0;
  bool has_missing = false;
  bool missing_left = false;
};

/// The rows of a node, as one column has them: its codes lie as the rows do.
template <class Kind, class Code>
struct NodeColumn {
  Index feature;
  const CodedColumn& column;
  const Code* codes;
  const typename Kind::Row* rows;
  Index count;
  Code least = 0, most = 0;  ///< of what is there
  bool has_missing = false;

  /// Whether there is anything to split; tells the range.
  bool find_range() {
    Code low = std::numeric_limits<Code>::max(), high = 0;
    for (Index j = 0; j < count; ++j) {
      low = std::min(low, codes[j]);
      high = std::max(high, codes[j]);
    }
    if (low == high) return false;
    take_range(low, high);
    return true;
  }
  /// Of all codes, that of what is missing among them.
  void take_range(Code low, Code high) {
    const auto missing = static_cast<Code>(column.codes);
    least = low;
    most = high;
    has_missing = high == missing;
    if (!has_missing) return;
    most = 0;
    for (Index j = 0; j < count; ++j) {
      if (codes[j] != missing) most = std::max(most, codes[j]);
    }
  }
};

template <class Kind, class Code>
class CartSearch {
 public:
  using Sum = typename Kind::Sum;
  using Column = NodeColumn<Kind, Code>;

  CartSearch(Kind& kind, const CartRules& rules, const CodedTable& table)
      : kind_(kind), rules_(rules), is_exact_(table.is_exact), left_(kind.zero()) {
    Index codes = 0;
    for (const CodedColumn& c : table.columns) codes = std::max(codes, c.codes + 1);
    kind_.resize(codes);
    marks_.resize(static_cast<std::size_t>(codes / 64 + 1));
    if constexpr (Kind::scores_many) {
      lefts_.resize(static_cast<std::size_t>(codes + 1));
      codes_.resize(lefts_.size());
      scores_.resize(lefts_.size());
    }
  }

  void set_least_weight(double weight) { least_weight_ = weight; }

  /// Of rows that sum up to `all`, where a split by this column is better than `best`.
  void look_for_best(const Column& column, const Sum& all, CartSplit& best) {
    const auto way = way_of(column);
    fill(column, way);
    for (const bool missing_left : {false, true}) {
      if (missing_left && !column.has_missing) break;
      kind_.clear(left_);
      if (missing_left) add_missing(column, way);
      if constexpr (Kind::scores_many) {
        collect(column, way);
        take_best(column, all, missing_left, best);
      } else {
        Index before = -1;
        ascend(column, way, [&](Index code, bool is_new) {
          if (is_new && before >= 0) consider(column, all, before, code, missing_left, best);
          before = code;
        });
        if (column.has_missing && !missing_left) consider(column, all, before, -1, false, best);
      }
    }
    clear(column, way);
  }

  /// The same where the threshold is drawn.
  void look_at_one(const Column& column, const Sum& all, const Draws& draws, Index columns,
                   CartSplit& best) {
    const auto number = static_cast<std::uint64_t>(2 * columns + column.feature);
    const bool missing_left = column.has_missing && (draws.bits(number) & 1) != 0;
    if (column.least == column.most && missing_left) return;
    double threshold = 0.0;
    const Index code = draw(column, draws, columns, threshold);
    kind_.clear(left_);
    kind_.add_up_to(left_, column.rows, column.codes, column.count, static_cast<Code>(code));
    if (missing_left) add_missing(column, Way::sorted);
    consider(column, all, code, -1, missing_left, best);
    if (best.feature == column.feature) best.threshold = threshold;
  }

  /// A threshold between the least and the greatest value, and the code up to which rows go to the
  /// left of it.
  Index draw(const Column& column, const Draws& draws, Index columns, double& threshold) const {
    const CodedColumn& c = column.column;
    const double low = c.least_of(column.least), high = c.most_of(column.most);
    const auto number = static_cast<std::uint64_t>(columns + column.feature);
    threshold = low + draws.uniform(number) * (high - low);
    if (!(threshold < high)) threshold = low;
    return cut_at(column, threshold);
  }

  /// Where the rows up to a drawn threshold were added up already; nothing is missing.
  void take_drawn(const Column& column, const Sum& all, const Sum& left, Index code,
                  double threshold, CartSplit& best) {
    left_ = left;
    consider(column, all, code, -1, false, best);
    if (best.feature == column.feature) best.threshold = threshold;
  }

  /// Where the codes are left and right of the best split that was found, as a value.
  void set_threshold(const CodedColumn& c, CartSplit& split) const {
    if (rules_.draws_thresholds) return;
    if (split.next < 0) {
      split.threshold = std::numeric_limits<double>::infinity();
      return;
    }
    const auto value = [&](Index code) { return c.cuts[static_cast<std::size_t>(code)]; };
    if (!is_exact_) {
      split.code = (split.code + split.next - 1) / 2;
      split.threshold = value(split.code);
      return;
    }
    const double low = value(split.code), high = value(split.next), middle = low / 2 + high / 2;
    split.threshold = middle < high ? middle : low;
  }

 private:
  enum class Way { sorted, marked, all };
  static constexpr Index most_sorted = 12;

  static Way way_of(const Column& column) {
    if (column.count <= most_sorted) return Way::sorted;
    return Index{column.most} - Index{column.least} < 4 * column.count ? Way::all : Way::marked;
  }

  void fill(const Column& column, Way way) {
    const Code* const codes = column.codes;
    if (way == Way::sorted) return sort(column);
    if (way == Way::all) {
      for (Index j = 0; j < column.count; ++j) kind_.add_to(codes[j], column.rows[j]);
      return;
    }
    for (Index j = 0; j < column.count; ++j) {
      kind_.add_to(codes[j], column.rows[j]);
      marks_[codes[j] >> 6] |= std::uint64_t{1} << (codes[j] & 63);
    }
  }

  void sort(const Column& column) {
    for (Index j = 0; j < column.count; ++j) {
      const std::uint32_t key =
          (std::uint32_t{column.codes[j]} << 8) | static_cast<std::uint32_t>(j);
      Index i = j;
      for (; i > 0 && sorted_[i - 1] > key; --i) sorted_[i] = sorted_[i - 1];
      sorted_[i] = key;
    }
  }

  /// For each code that is there, but the missing one: tells of it, then adds its rows. A sorted
  /// code may come several times, as not new.
  template <class Tell>
  void ascend(const Column& column, Way way, const Tell& tell) {
    const Index missing = column.column.codes;
    if (way == Way::sorted) {
      Index before = -1;
      for (Index i = 0; i < column.count; ++i) {
        const Index code = sorted_[i] >> 8;
        if (code == missing) break;
        tell(code, code != before);
        kind_.add(left_, column.rows[sorted_[i] & 255]);
        before = code;
      }
      return;
    }
    const auto add = [&](std::size_t code) {
      tell(static_cast<Index>(code), true);
      kind_.add_cell(left_, code);
    };
    if (way == Way::all) {
      for (std::size_t code = column.least; code <= column.most; ++code) {
        if (!kind_.is_empty_cell(code)) add(code);
      }
      return;
    }
    for (std::size_t w = column.least >> 6; w <= std::size_t{column.most} >> 6; ++w) {
      for (std::uint64_t marks = marks_[w]; marks != 0; marks &= marks - 1) {
        const std::size_t code = w * 64 + static_cast<std::size_t>(std::countr_zero(marks));
        if (static_cast<Index>(code) < missing) add(code);
      }
    }
  }

  void add_missing(const Column& column, Way way) {
    const auto missing = static_cast<std::size_t>(column.column.codes);
    if (way != Way::sorted) return kind_.add_cell(left_, missing);
    for (Index j = 0; j < column.count; ++j) {
      if (column.codes[j] == missing) kind_.add(left_, column.rows[j]);
    }
  }

  void clear(const Column& column, Way way) {
    if (way == Way::sorted) return;
    const auto missing = static_cast<std::size_t>(column.column.codes);
    if (way == Way::all) {
      for (std::size_t code = column.least; code <= column.most; ++code) kind_.clear_cell(code);
      if (column.has_missing) kind_.clear_cell(missing);
      return;
    }
    const std::size_t last = column.has_missing ? missing : column.most;
    for (std::size_t w = column.least >> 6; w <= last >> 6; ++w) {
      for (std::uint64_t marks = marks_[w]; marks != 0; marks &= marks - 1) {
        kind_.clear_cell(w * 64 + static_cast<std::size_t>(std::countr_zero(marks)));
      }
      marks_[w] = 0;
    }
  }

  /// Each code that is there, but the missing one, and the sum of left_ and the rows up to it.
  void collect(const Column& column, Way way) {
    Index n = 0;
    if (way == Way::all) {
      for (std::size_t code = column.least; code <= column.most; ++code) {
        kind_.add_cell(left_, code);
        lefts_[static_cast<std::size_t>(n)] = left_;
        codes_[static_cast<std::size_t>(n)] = static_cast<std::int32_t>(code);
        n += kind_.is_empty_cell(code) ? 0 : 1;
      }
    } else {
      ascend(column, way, [&](Index code, bool is_new) {
        if (n > 0) lefts_[static_cast<std::size_t>(n - 1)] = left_;
        codes_[static_cast<std::size_t>(n)] = static_cast<std::int32_t>(code);
        n += is_new ? 1 : 0;
      });
      if (n > 0) lefts_[static_cast<std::size_t>(n - 1)] = left_;
    }
    collected_ = n;
  }

  void take_best(const Column& column, const Sum& all, bool missing_left, CartSplit& best) {
    // Behind the last code there is what is missing, or nothing.
    const bool has_last = column.has_missing && !missing_left;
    const Index n = has_last ? collected_ : collected_ - 1;
    if (n <= 0) return;
    codes_[static_cast<std::size_t>(collected_)] = -1;
    kind_.score_all(lefts_.data(), n, all, scores_.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      if (scores_[i] < best.score || !is_allowed(column, all, lefts_[i])) continue;
      take({column.feature, scores_[i], codes_[i], codes_[i + 1], 0.0, column.has_missing,
            missing_left},
           best);
    }
  }

  /// Rows up to `code` are in left_.
  void consider(const Column& column, const Sum& all, Index code, Index next, bool missing_left,
                CartSplit& best) const {
    if (!is_allowed(column, all, left_)) return;
    take({column.feature, kind_.score(left_, all), code, next, 0.0, column.has_missing,
          missing_left},
         best);
  }

  bool is_allowed(const Column& column, const Sum& all, const Sum& left) const {
    if (rules_.min_rows_in_leaf > 1) {
      const Index rows = kind_.rows(left);
      if (rows < rules_.min_rows_in_leaf || column.count - rows < rules_.min_rows_in_leaf) {
        return false;
      }
    }
    if (!(least_weight_ > 0.0)) return true;
    const double weight = kind_.weight(left);
    return weight >= least_weight_ && kind_.weight(all) - weight >= least_weight_;
  }

  /// Of equally good splits that by the first column is best, and of these the one at the lowest
  /// code.
  static void take(const CartSplit& split, CartSplit& best) {
    const bool is_better =
        split.score > best.score || (split.score == best.score && split.feature < best.feature);
    if (is_better && split.score > no_score) best = split;
  }

  /// The code up to which rows go to the left of a threshold that was drawn; of bins the nearest
  /// border, at which the threshold is put.
  Index cut_at(const Column& column, double& threshold) const {
    const CodedColumn& c = column.column;
    const Index low = column.least, high = column.most;
    const auto begin = c.cuts.begin();
    if (low == high) {
      // Behind the last border lies what is missing alone.
      if (!is_exact_) {
        threshold = low < std::ssize(c.cuts) ? begin[low] : std::numeric_limits<double>::infinity();
      }
      return low;
    }
    if (is_exact_) return low + count_up_to(&begin[low + 1], high - low - 1, threshold);
    Index bin = low + count_below(&begin[low], high - low, threshold);
    if (threshold <= c.least_of(bin) / 2 + c.most_of(bin) / 2) --bin;
    bin = std::clamp(bin, low, high - 1);
    threshold = begin[bin];
    return bin;
  }

  Kind& kind_;
  const CartRules& rules_;
  bool is_exact_;
  double least_weight_ = 0.0;
  Sum left_;
  std::vector<std::uint64_t> marks_;
  std::uint32_t sorted_[most_sorted] = {};
  // What was collected of a column.
  std::vector<Sum> lefts_;
  std::vector<std::int32_t> codes_;
  std::vector<double> scores_;
  Index collected_ = 0;
};

}  // namespace superstep::trees
