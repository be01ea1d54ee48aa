// SPDX-License-Identifier: BSD-3-Clause
// Exact sums (rule 3): a block's partial result is written as two integers on a grid that every
// rank agreed on beforehand, and integers are added. The order of the summands, and who added them,
// cannot be seen.
//
// An entry declared below 2^E is split as  x = (hi + lo 2^-W) 2^(E-W) + rest,  |rest| <=
// 2^(E-2W-1),  with W = 40 for up to four million blocks. The declaration is checked for every
// partial; a partial beyond its bound is counted, and the superstep is done again with a larger E.
// The test is on the partial of one block, never on a running sum, so its outcome does not depend
// on the distribution either.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// What one superstep adds up: runs of entries, each entry with the exponent of its bound.
class SumShape {
 public:
  /// `count` entries below 2^exponent in every block. Returns the number of the run.
  Index add(Index count, int exponent);
  /// One entry for each exponent.
  Index add(std::span<const int> exponents);
  /// A symmetric n x n matrix: the block writes n x n values of which the upper triangle counts;
  /// entry (i, j) lies below 2^(exponents[i] + exponents[j] + extra).
  Index add_symmetric(std::span<const int> exponents, int extra);
  /// A panel of runs that lie side by side: the block writes rows x columns values, row-major, and
  /// may say which rows it wrote (Partial::wrote). A run has `width` columns, whose values come one
  /// behind the other; an entry has the exponent of its row in the run. Returns the number of the
  /// first run.
  Index add_panel(std::span<const std::vector<int>> exponents, Index width);

  Index runs() const { return static_cast<Index>(runs_.size()); }
  /// Doubles that a block's partial holds.
  Index partial_size() const { return partial_size_; }
  /// Entries that are added up: less than the partial where triangles are.
  Index entries() const { return static_cast<Index>(exponents_.size()); }

  struct Run {
    Index partial_begin;
    Index entry_begin;
    Index count;            ///< entries of the partial: n * n for a triangle
    Index dimension;        ///< n of a symmetric run, else 0
    Index value_begin;      ///< of its values, one run behind the other
    Index stride = 0;       ///< from row to row of the panel in which it lies, if it does
    Index rows = 0;         ///< of that panel
    std::size_t panel = 0;  ///< its number
    /// Where the v-th value of a run of a panel lies, from its beginning.
    Index in_panel(Index v) const { return v % rows * stride + v / rows; }
  };
  struct Panel {
    Index partial_begin;
    Index entry_begin;
    Index rows;
    Index columns;
    Index first_run;
    Index width;  ///< columns of a run
    Index size() const { return rows * columns; }
  };
  const Run& run(Index i) const { return runs_[static_cast<std::size_t>(i)]; }
  std::span<const Panel> panels() const { return panels_; }
  /// Calls f(place in the partial, entry) for all that is added up of a run.
  template <class F>
  void each_entry(const Run& r, F&& f) const {
    if (r.stride > 0) {
      for (Index v = 0; v < r.count; ++v) {
        f(r.partial_begin + r.in_panel(v), r.entry_begin + r.in_panel(v));
      }
      return;
    }
    const Index rows = r.dimension == 0 ? 1 : r.dimension;
    const Index columns = r.dimension == 0 ? r.count : r.dimension;
    Index entry = r.entry_begin;
    for (Index i = 0; i < rows; ++i) {
      for (Index j = r.dimension == 0 ? 0 : i; j < columns; ++j) {
        f(r.partial_begin + i * columns + j, entry++);
      }
    }
  }
  std::span<const std::int16_t> exponents() const { return exponents_; }
  std::span<std::int16_t> exponents() { return exponents_; }

 private:
  void append(int exponent);
  std::vector<Run> runs_;
  std::vector<Panel> panels_;
  std::vector<std::int16_t> exponents_;
  Index partial_size_ = 0;
};

/// Where a block's map writes: all is zero before each block.
class Partial {
 public:
  /// Of a panel the rows that were written, ascending; not given: any.
  using Rows = std::optional<std::span<const std::int32_t>>;
  struct Panel {
    double* values;  ///< row-major
    Index rows;
    Index columns;
  };

  Partial(const SumShape& shape, double* values)
      : shape_(&shape), values_(values), written_(shape.panels().size()) {}
  /// The panel in which a run lies.
  Panel panel(Index run) const {
    const SumShape::Panel& p = shape_->panels()[shape_->run(run).panel];
    return {values_ + p.partial_begin, p.rows, p.columns};
  }
  /// Of the run's panel nothing but these rows was written, ascending. They are looked at when the
  /// block is done.
  void wrote(Index run, std::span<const std::int32_t> rows) {
    written_[shape_->run(run).panel] = rows;
  }
  const Rows& written(std::size_t panel) const { return written_[panel]; }
  const double* values() const { return values_; }
  /// Makes all zero again.
  void clear();
  /// The values of one run; a symmetric run is n x n, row-major. Not of a panel.
  std::span<double> operator[](Index run) {
    const SumShape::Run& r = shape_->run(run);
    return {values_ + r.partial_begin, static_cast<std::size_t>(r.count)};
  }

 private:
  const SumShape* shape_;
  double* values_;
  std::vector<Rows> written_;
};

/// One thread's running integer sums, and what is reduced between ranks.
class ExactSum {
 public:
  /// Bits of the grid below the bound, for a dataset of so many blocks.
  static int window(Index blocks);

  ExactSum(const SumShape& shape, int window, Index extra_words);
  int window() const { return window_; }

  /// Adds a block's partial. Entries beyond their bound are counted for their run and not added.
  void deposit(const SumShape& shape, const Partial& partial, const double* scales);
  void deposit(const SumShape& shape, double* partial, const double* scales) {
    deposit(shape, Partial(shape, partial), scales);
  }
  void add(const ExactSum& other);
  /// Words of the wire: high parts, low parts, violations by run, then the caller's extra words.
  std::span<std::int64_t> words() { return words_; }
  std::span<const std::int64_t> words() const { return words_; }
  std::int64_t* extra();
  std::int64_t& violations(Index run);
  std::int64_t violations(Index run) const;
  /// Writes the sum of some runs of one layout as doubles, in the layout of the partial; symmetric
  /// runs as full matrices. Integers are added before anything is rounded, so what is written does
  /// not tell in how many runs the rows were added up, as long as all have the same exponents.
  /// Where a bound was raised for one, bits of the others are dropped a million times below the
  /// last that its grid has.
  void round(const SumShape& shape, std::span<const Index> runs, double* to) const;

  /// 2^(W-E) for every entry, shared by the threads.
  static std::vector<double> scales(const SumShape& shape, int window);
  static std::size_t bytes(const SumShape& shape);

 private:
  double round_entry(const SumShape& shape, std::span<const Index> runs, Index offset) const;
  void deposit_panel(const SumShape::Panel& panel, const Partial& partial, std::size_t number,
                     const double* scales);

  std::vector<std::int64_t> words_;
  Index entries_;
  Index runs_;
  int window_;
};

/// The finished sums. They are kept as integers and turned into doubles when first asked for, each
/// rounded once. For one thread.
class Totals {
 public:
  Totals(SumShape shape, ExactSum sum);
  /// A run's values; a symmetric run comes as the full n x n matrix, row-major. Those of the next
  /// run lie behind them.
  std::span<const double> operator[](Index run) const;
  double value(Index run) const { return (*this)[run][0]; }
  /// What one run would hold that had all the rows of these, which have one layout: the integers
  /// are added, then rounded once.
  std::vector<double> combined(std::span<const Index> runs) const;
  /// The exponents of the shape and the integers; `totals_from` makes the same of them.
  std::vector<std::byte> bytes() const;
  /// Whether every block's partial of this run kept its declared bound. Always so unless the
  /// superstep was told to report instead of repeating.
  bool holds(Index run) const { return sum_.violations(run) == 0; }

 private:
  SumShape shape_;
  ExactSum sum_;
  mutable std::vector<double> values_;
};

/// The totals that gave these bytes; `shape` is as it was when they were asked for, and learns what
/// was learnt then. DataError where the bytes belong to another shape.
Totals totals_from(std::span<const std::byte> bytes, SumShape& shape);

/// Smallest E with |x| < 2^E; the least representable for zero.
int exponent_above(double x);

}  // namespace superstep
