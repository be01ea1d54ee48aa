// SPDX-License-Identifier: BSD-3-Clause
// What stands in a row of a tree beside its columns, and what the impurity of rows follows from: of
// two classes that are counted, packed into a word; of any classes; of numbers. Each kind has
//   Row           what stands in a row
//   Sum           of rows; add(Sum&, Row)
//   cells         sums, one for each code of a column
//   score(l, all) the greater the better the split into l and the rest of all
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <superstep/math/functions.hpp>
#include "learn/trees/cart.hpp"

namespace superstep::trees {

inline constexpr double no_score = -std::numeric_limits<double>::infinity();

/// What is told of a node.
struct NodeSum {
  double weight = 0.0;
  double impurity = 0.0;
};

inline double times_log(double x) { return x > 0.0 ? x * math::log(x) : 0.0; }

/// Counts of two classes and, where leaves are bounded by it, of rows in one word: sums of them are
/// sums of words.
class TwoClasses {
 public:
  using Row = std::uint64_t;
  using Sum = std::uint64_t;

  /// `most_times`: that a row counts.
  TwoClasses(Criterion criterion, bool counts_rows, std::uint32_t most_times,
             std::vector<double> factors)
      : entropy_(criterion == Criterion::entropy),
        counts_rows_(counts_rows),
        bits_(counts_rows ? 22 : 32),
        mask_((std::uint64_t{1} << bits_) - 1),
        rows_in_byte_(255 / most_times) {
    if (!factors.empty()) factor_[0] = factors[0], factor_[1] = factors[1];
  }
  /// Whether so many rows that count so often go into words, and each into a byte.
  static bool fits(std::uint64_t rows, std::uint64_t times, std::uint32_t most_times,
                   bool counts_rows) {
    if (most_times > 255) return false;
    return counts_rows ? rows < (1U << 20) && times < (1U << 22) : times < (std::uint64_t{1} << 32);
  }

  Row row(double target, double times) const {
    const Row count = static_cast<Row>(times) << (target == 0.0 ? 0 : bits_);
    return counts_rows_ ? count | (Row{1} << 44) : count;
  }
  Sum zero() const { return 0; }
  void clear(Sum& sum) const { sum = 0; }
  void add(Sum& sum, Row row) const { sum += row; }
  void add_all(Sum& sum, const Row* rows, Index n) const {
    Sum more = 0;
    for (Index i = 0; i < n; ++i) more += rows[i];
    sum += more;
  }
  /// `rest` becomes the sum of these rows, which are those of all that are not in `part`.
  void add_rest(Sum& rest, const Sum& all, const Sum& part, const Row*, Index) const {
    rest = all - part;
  }
  template <class Code>
  void add_up_to(Sum& sum, const Row* rows, const Code* codes, Index n, Code last) const {
    Sum more = 0;
    for (Index i = 0; i < n; ++i) more += rows[i] & -Sum{codes[i] <= last};
    sum += more;
  }
  Index rows(const Sum& sum) const {
    return static_cast<Index>(counts_rows_ ? sum >> 44 : (sum & mask_) + ((sum >> bits_) & mask_));
  }
  double weight(const Sum& sum) const { return of(sum, 0) + of(sum, 1); }

  double score(const Sum& left, const Sum& all) const {
    const Sum right = all - left;
    return entropy_ ? entropy_of(left) + entropy_of(right) : squares_of(left) + squares_of(right);
  }
  static constexpr bool scores_many = true;
  void score_all(const Sum* lefts, Index n, const Sum& all, double* scores) const {
    if (entropy_) {
      for (Index i = 0; i < n; ++i) scores[i] = score(lefts[i], all);
      return;
    }
    for (Index i = 0; i < n; ++i) {
      scores[i] = squares_of(lefts[i]) + squares_of(all - lefts[i]);
    }
  }
  NodeSum node(const Sum& sum, const Row*, Index) const {
    const double w = weight(sum), a = of(sum, 0) / w, b = of(sum, 1) / w;
    return {w, entropy_ ? (-times_log(a) - times_log(b)) / log_of_two : 1.0 - (a * a + b * b)};
  }
  void value(const Sum& sum, const Row*, Index, double* out) const {
    out[0] = of(sum, 0) / weight(sum);
    out[1] = of(sum, 1) / weight(sum);
  }

  // For sums of bytes.
  Index rows_in_byte() const { return rows_in_byte_; }
  std::uint8_t byte_of(Row row, int k) const {
    return static_cast<std::uint8_t>(k == 0 ? row : row >> bits_);
  }
  Sum sum(Sum first, Sum second, Sum rows) const {
    return first | (second << bits_) | (counts_rows_ ? rows << 44 : 0);
  }

  void resize(Index codes) { cells_.resize(static_cast<std::size_t>(codes), 0); }
  void add_to(std::size_t code, Row row) { cells_[code] += row; }
  bool is_empty_cell(std::size_t code) const { return cells_[code] == 0; }
  void add_cell(Sum& sum, std::size_t code) const { sum += cells_[code]; }
  void clear_cell(std::size_t code) { cells_[code] = 0; }

 private:
  static constexpr double log_of_two = 0.6931471805599453;
  double of(Sum sum, int k) const {
    return factor_[k] * static_cast<double>((k == 0 ? sum : sum >> bits_) & mask_);
  }
  double squares_of(Sum sum) const {
    const double a = of(sum, 0), b = of(sum, 1);
    return (a * a + b * b) / (a + b);
  }
  double entropy_of(Sum sum) const {
    const double a = of(sum, 0), b = of(sum, 1);
    return times_log(a) + times_log(b) - times_log(a + b);
  }

  bool entropy_, counts_rows_;
  int bits_;
  std::uint64_t mask_;
  Index rows_in_byte_;
  double factor_[2] = {1.0, 1.0};
  std::vector<std::uint64_t> cells_;
};

/// Weights of any classes.
class ManyClasses {
 public:
  struct Row {
    double weight;
    std::uint32_t code;
  };
  /// The weight of each class, and behind them the rows.
  using Sum = std::vector<double>;

  ManyClasses(Criterion criterion, Index classes, std::vector<double> factors)
      : entropy_(criterion == Criterion::entropy),
        classes_(static_cast<std::size_t>(classes)),
        factors_(std::move(factors)) {}

  Row row(double target, double weight) const {
    const auto code = static_cast<std::uint32_t>(target);
    return {factors_.empty() ? weight : weight * factors_[code], code};
  }
  Sum zero() const { return Sum(classes_ + 1); }
  void clear(Sum& sum) const { std::ranges::fill(sum, 0.0); }
  void add(Sum& sum, const Row& row) const { add_to_cell(sum.data(), row); }
  void add_all(Sum& sum, const Row* rows, Index n) const {
    for (Index i = 0; i < n; ++i) add(sum, rows[i]);
  }
  void add_rest(Sum& rest, const Sum&, const Sum&, const Row* rows, Index n) const {
    clear(rest);
    add_all(rest, rows, n);
  }
  template <class Code>
  void add_up_to(Sum& sum, const Row* rows, const Code* codes, Index n, Code last) const {
    for (Index i = 0; i < n; ++i) {
      if (codes[i] <= last) add(sum, rows[i]);
    }
  }
  Index rows(const Sum& sum) const { return static_cast<Index>(sum[classes_]); }
  double weight(const Sum& sum) const {
    double w = 0.0;
    for (std::size_t k = 0; k < classes_; ++k) w += sum[k];
    return w;
  }

  double score(const Sum& left, const Sum& all) const {
    double l = 0.0, r = 0.0, left_weight = 0.0, right_weight = 0.0;
    for (std::size_t k = 0; k < classes_; ++k) {
      const double a = left[k], b = all[k] - a;
      left_weight += a;
      right_weight += b;
      l += entropy_ ? times_log(a) : a * a;
      r += entropy_ ? times_log(b) : b * b;
    }
    if (entropy_) return l - times_log(left_weight) + (r - times_log(right_weight));
    return l / left_weight + r / right_weight;
  }
  static constexpr bool scores_many = false;
  NodeSum node(const Sum& sum, const Row*, Index) const {
    const double w = weight(sum);
    double all = 0.0;
    for (std::size_t k = 0; k < classes_; ++k) {
      const double part = sum[k] / w;
      all += entropy_ ? times_log(part) : part * part;
    }
    return {w, entropy_ ? -all / 0.6931471805599453 : 1.0 - all};
  }
  void value(const Sum& sum, const Row*, Index, double* out) const {
    const double w = weight(sum);
    for (std::size_t k = 0; k < classes_; ++k) out[k] = sum[k] / w;
  }

  void resize(Index codes) { cells_.resize(static_cast<std::size_t>(codes) * (classes_ + 1), 0.0); }
  void add_to(std::size_t code, const Row& row) { add_to_cell(cell(code), row); }
  bool is_empty_cell(std::size_t code) const {
    return cells_[code * (classes_ + 1) + classes_] == 0.0;
  }
  void add_cell(Sum& sum, std::size_t code) {
    const double* from = cell(code);
    for (std::size_t k = 0; k <= classes_; ++k) sum[k] += from[k];
  }
  void clear_cell(std::size_t code) { std::fill_n(cell(code), classes_ + 1, 0.0); }

 private:
  double* cell(std::size_t code) { return cells_.data() + code * (classes_ + 1); }
  void add_to_cell(double* cell, const Row& row) const {
    cell[row.code] += row.weight;
    cell[classes_] += 1.0;
  }

  bool entropy_;
  std::size_t classes_;
  std::vector<double> factors_, cells_;
};

/// Numbers, less `centre`, so that their squares keep their digits.
class Numbers {
 public:
  struct Row {
    double y;
    double weight;
  };
  struct Sum {
    double y = 0.0;
    double weight = 0.0;
    double rows = 0.0;
  };

  Numbers(Criterion criterion, double centre)
      : poisson_(criterion == Criterion::poisson), centre_(centre) {}

  Row row(double target, double weight) const { return {target - centre_, weight}; }
  Sum zero() const { return {}; }
  void clear(Sum& sum) const { sum = {}; }
  void add(Sum& sum, const Row& row) const {
    sum.y += row.weight * row.y;
    sum.weight += row.weight;
    sum.rows += 1.0;
  }
  void add_all(Sum& sum, const Row* rows, Index n) const {
    Sum more = sum;
    for (Index i = 0; i < n; ++i) add(more, rows[i]);
    sum = more;
  }
  void add_rest(Sum& rest, const Sum&, const Sum&, const Row* rows, Index n) const {
    clear(rest);
    add_all(rest, rows, n);
  }
  template <class Code>
  void add_up_to(Sum& total, const Row* rows, const Code* codes, Index n, Code last) const {
    Sum sum = total;
    for (Index i = 0; i < n; ++i) {
      const double is_in = codes[i] <= last ? 1.0 : 0.0, w = is_in * rows[i].weight;
      sum.y += w * rows[i].y;
      sum.weight += w;
      sum.rows += is_in;
    }
    total = sum;
  }
  Index rows(const Sum& sum) const { return static_cast<Index>(sum.rows); }
  double weight(const Sum& sum) const { return sum.weight; }

  double score(const Sum& left, const Sum& all) const {
    const double l = left.weight, r = all.weight - l, y = left.y, z = all.y - y;
    if (!poisson_) return y * y / l + z * z / r;
    if (y <= least_sum || z <= least_sum) return no_score;
    return y * math::log(y / l) + z * math::log(z / r);
  }
  static constexpr bool scores_many = true;
  void score_all(const Sum* lefts, Index n, const Sum& all, double* scores) const {
    for (Index i = 0; i < n; ++i) scores[i] = score(lefts[i], all);
  }
  NodeSum node(const Sum& sum, const Row* rows, Index n) const {
    if (is_constant(rows, n)) return {sum.weight, 0.0};
    const double mean = sum.y / sum.weight;
    double all = 0.0;
    for (Index i = 0; i < n; ++i) {
      const double y = rows[i].y;
      all += rows[i].weight * (poisson_ ? times_log(y) : (y - mean) * (y - mean));
    }
    if (poisson_) all -= sum.y * math::log(mean);
    return {sum.weight, std::max(all / sum.weight, 0.0)};
  }
  void value(const Sum& sum, const Row* rows, Index n, double* out) const {
    out[0] = centre_ + (is_constant(rows, n) ? rows[0].y : sum.y / sum.weight);
  }

  void resize(Index codes) { cells_.resize(static_cast<std::size_t>(codes)); }
  void add_to(std::size_t code, const Row& row) { add(cells_[code], row); }
  bool is_empty_cell(std::size_t code) const { return cells_[code].rows == 0.0; }
  void add_cell(Sum& sum, std::size_t code) const {
    sum.y += cells_[code].y;
    sum.weight += cells_[code].weight;
    sum.rows += cells_[code].rows;
  }
  void clear_cell(std::size_t code) { cells_[code] = {}; }

 private:
  static constexpr double least_sum = std::numeric_limits<double>::epsilon();
  static bool is_constant(const Row* rows, Index n) {
    for (Index i = 1; i < n; ++i) {
      if (rows[i].y != rows[0].y) return false;
    }
    return true;
  }

  bool poisson_;
  double centre_;
  std::vector<Sum> cells_;
};

}  // namespace superstep::trees
