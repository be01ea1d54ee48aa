// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/column_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/math/scaling.hpp>

#include "learn/cells.hpp"
#include "learn/extremes.hpp"
#include "learn/features.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// Where deviations are taken from.
struct Centre {
  Vector shift;
  std::vector<int> spread;  ///< |x_c - shift_c| < 2^e, about
};

/// The sums of each cell around one centre.
class CellSums {
 public:
  /// **Collective**, one superstep.
  CellSums(Engine& engine, const Table& table, const Sketch& sketch, const Cells& cells,
           Centre centre, Weighing weighing)
      : centre_(std::move(centre)),
        is_sparse_(table.is_sparse()),
        cells_(cells.size()),
        totals_(is_sparse_ ? run_sparse(engine, table, sketch, cells, centre_, weighing)
                           : run(engine, table, sketch, cells, centre_, weighing)) {}

  const Centre& centre() const { return centre_; }

  /// Of some cells together; none without weight.
  std::optional<ColumnStatistics> of(std::span<const Index> cells) const {
    const auto together = [&](Index run) {
      std::vector<Index> runs;
      for (const Index cell : cells) runs.push_back(run_of(cell, run));
      const std::vector<double> values = totals_.combined(runs);
      return Vector(VectorView(values.data(), std::ssize(values)));
    };
    if (cells.empty() || !(together(weight)[0] > 0.0)) return std::nullopt;
    Vector n = together(counts), sum = together(sums), sum_of_squares = together(squares);
    if (is_sparse_) {
      const double all = together(weight)[0];
      n = (all - n.array()).matrix();
      Vector zeros = n - together(stored);
      // Weights are rounded as they are added up, numbers of rows are not.
      const Vector not_zero = together(present);
      const double rows = together(all_rows)[0];
      for (Index c = 0; c < zeros.size(); ++c) {
        if (not_zero[c] == rows) zeros[c] = 0.0;
      }
      sum -= zeros.cwiseProduct(centre_.shift);
      sum_of_squares += zeros.cwiseProduct(centre_.shift.cwiseAbs2());
    }
    // A column without values gives 0 / 0: NaN, as in scikit-learn.
    const Vector offset = sum.cwiseQuotient(n);
    const Vector square = sum_of_squares.cwiseQuotient(n);
    ColumnStatistics s{n, centre_.shift + offset, Vector(n.size())};
    for (Index c = 0; c < n.size(); ++c) {
      const double variance = std::fma(-offset[c], offset[c], square[c]);
      s.variance[c] = variance < 0.0 ? 0.0 : variance;
    }
    return s;
  }

 private:
  /// Of sparse rows counts are of missing values, and there is the weight of those that are stored,
  /// and how many rows have either: the others are zeros.
  enum Run : Index {
    weight,
    counts,
    sums,
    squares,
    runs_of_a_cell,
    stored = runs_of_a_cell,
    present,
    all_rows
  };
  /// Of a cell, side by side; weights come behind, and then how many rows there are.
  static constexpr Index sparse_runs = present;

  Index run_of(Index cell, Index run) const {
    if (!is_sparse_) return runs_of_a_cell * cell + run;
    if (run == weight) return sparse_runs * cells_ + cell;
    if (run == all_rows) return (sparse_runs + 1) * cells_ + cell;
    return sparse_runs * cell + run - 1;
  }

  static Totals run(Engine& engine, const Table& table, const Sketch& sketch, const Cells& cells,
                    const Centre& centre, Weighing weighing) {
    const bool is_weighted = weighing == Weighing::by_row;
    const int rows = sketch.rows_exponent + (is_weighted ? sketch.weight_exponent : 1);
    std::vector<int> first, second;
    for (const int e : centre.spread) {
      first.push_back(e + rows);
      second.push_back(2 * e + rows);
    }
    SumShape shape;
    for (Index c = 0; c < cells.size(); ++c) {
      shape.add(1, rows);
      shape.add(table.columns(), rows);
      shape.add(first);
      shape.add(second);
    }
    return engine.superstep(
        table, shape, [&](const Block& given, Partial& sum, Workspace& workspace) {
          Block block = given;
          if (!is_weighted) block.weight = nullptr;
          cells.each(block, workspace, [&](Index cell, const Cells::Rows& its_rows) {
            const Index base = runs_of_a_cell * cell;
            for_rows(block, its_rows,
                     [&](Index i) { sum[base + weight][0] += block.weight_of(i); });
            for_parts(block, its_rows, workspace, [&](const Block& b) {
              with_features(b, [&](auto x) {
                math::column_moments_add(x, b.weight, centre.shift.data(),
                                         {sum[base + counts].data(), sum[base + sums].data(),
                                          sum[base + squares].data()});
              });
            });
          });
        });
  }

  static Totals run_sparse(Engine& engine, const Table& table, const Sketch& sketch,
                           const Cells& cells, const Centre& centre, Weighing weighing) {
    const bool is_weighted = weighing == Weighing::by_row;
    const int rows = sketch.rows_exponent + (is_weighted ? sketch.weight_exponent : 1);
    const std::vector<int> of_weights(static_cast<std::size_t>(table.columns()), rows);
    const std::vector<int> of_rows(of_weights.size(), sketch.rows_exponent);
    std::vector<int> first, second;
    for (const int e : centre.spread) {
      first.push_back(e + rows);
      second.push_back(2 * e + rows);
    }
    std::vector<std::vector<int>> panel;
    for (Index c = 0; c < cells.size(); ++c) {
      panel.insert(panel.end(), {of_weights, first, second, of_weights, of_rows});
    }
    SumShape shape;
    shape.add_panel(panel, 1);
    for (Index c = 0; c < cells.size(); ++c) shape.add(1, rows);
    for (Index c = 0; c < cells.size(); ++c) shape.add(1, sketch.rows_exponent);
    return engine.superstep(
        table, shape, [&](const Block& given, Partial& sum, Workspace& workspace) {
          Block block = given;
          if (!is_weighted) block.weight = nullptr;
          const Partial::Panel all = sum.panel(0);
          sum.wrote(0, block.x.sparse()->touched);
          cells.each(block, workspace, [&](Index cell, const Cells::Rows& its_rows) {
            double& total = sum[sparse_runs * cells.size() + cell][0];
            double& counted = sum[(sparse_runs + 1) * cells.size() + cell][0];
            for_rows(block, its_rows, [&](Index i) {
              total += block.weight_of(i);
              counted += block.weight_of(i) > 0.0 ? 1.0 : 0.0;
            });
            for_sparse_rows(
                block, its_rows, workspace,
                [&](const SparseRows& x, Index count, const double* weights) {
                  add_sparse(x, count, weights, centre.shift,
                             {all.values + sparse_runs * cell, all.rows, sparse_runs, all.columns});
                });
          });
        });
  }

  static void add_sparse(const SparseRows& x, Index count, const double* weights,
                         const Vector& shift, math::Panel to) {
    for (Index i = 0; i < count; ++i) {
      const double w = weights == nullptr ? 1.0 : weights[i];
      if (w == 0.0) continue;  // adds nothing
      for (Index k = x.begin[i]; k < x.end[i]; ++k) {
        const Index column = x.columns[k];
        const double d = x.value(k) - shift[column];
        double* const run = to.row(column) - 1;  // runs begin behind the weight
        run[present] += 1.0;
        if (std::isnan(d)) {
          run[counts] += w;
          continue;
        }
        run[sums] = std::fma(w, d, run[sums]);
        run[squares] = std::fma(w * d, d, run[squares]);
        run[stored] += w;
      }
    }
  }

  Centre centre_;
  bool is_sparse_;
  Index cells_;
  Totals totals_;
};

/// Sparse rows are summed around zero, which is what most of their values are. A column that is
/// zero in the few blocks that were looked at may hold what others do.
Centre first_centre(const Table& table, const Sketch& sketch) {
  if (!table.is_sparse()) {
    return {VectorView(sketch.shift.data(), table.columns()), sketch.spread_exponents};
  }
  Centre centre{Vector::Zero(table.columns()), sketch.exponents};
  std::ranges::replace(centre.spread, exponent_above(0.0),
                       *std::ranges::max_element(centre.spread));
  return centre;
}

/// In standard deviations: what a variance may lie from where deviations were taken from.
constexpr double most_distance = 0x1p7;

/// A centre that lies in the rows, if the present one lies so far from their mean that variances
/// lose digits.
std::optional<Centre> improved(const Centre& centre, const ColumnStatistics& s) {
  const Vector distance = (s.mean - centre.shift).cwiseAbs();
  Centre better = centre;
  bool is_better = false;
  for (Index c = 0; c < distance.size(); ++c) {
    if (!(distance[c] > most_distance * std::sqrt(s.variance[c]))) continue;
    is_better = true;
    better.shift[c] = s.mean[c];
    int& e = better.spread[static_cast<std::size_t>(c)];
    e = std::max(e, exponent_above(distance[c])) + 1;
  }
  if (!is_better) return std::nullopt;
  return better;
}

/// A constant column has its value for a mean, and no variance.
void set_constants(const Extremes& extremes, ColumnStatistics& s) {
  for (Index c = 0; c < s.mean.size(); ++c) {
    if (!extremes.is_constant(c)) continue;
    s.mean[c] = extremes.low[c];
    s.variance[c] = 0.0;
  }
}

/// The number of a split some of whose columns lie too far from where deviations were taken from.
struct LostSplit {
  std::size_t split;
  Vector shift;
};

/// The rows of some splits lie far from all the others, or columns are constant there: the
/// extremes tell which, and around what the rest is summed.
void look_again(Engine& engine, const Table& table, std::span<const SplitPtr> splits,
                const std::vector<LostSplit>& lost, Weighing weighing,
                std::vector<ColumnStatistics>& found) {
  if (lost.empty()) return;
  const Sketch sketch = engine.sketch(table);
  std::vector<SplitPtr> its_splits;
  for (const LostSplit& l : lost) its_splits.push_back(splits[l.split]);
  const std::vector<Extremes> extremes = extremes_of(engine, table, its_splits);
  for (std::size_t k = 0; k < lost.size(); ++k) {
    const Extremes& e = extremes[k];
    const SplitPtr& split = its_splits[k];
    ColumnStatistics& s = found[lost[k].split];
    set_constants(e, s);
    Centre own{s.mean, sketch.spread_exponents};
    bool is_more = false;
    for (Index c = 0; c < s.mean.size(); ++c) {
      if (std::isnan(e.low[c])) {
        own.shift[c] = 0.0;
        continue;
      }
      own.shift[c] = std::clamp(s.mean[c], e.low[c], e.high[c]);
      const double reach = std::max(e.high[c] - own.shift[c], own.shift[c] - e.low[c]);
      own.spread[static_cast<std::size_t>(c)] = exponent_above(reach);
      const double distance = std::fabs(s.mean[c] - lost[k].shift[c]);
      const bool is_lost = distance > most_distance * std::sqrt(s.variance[c]);
      is_more = is_more || (is_lost && !e.is_constant(c));
    }
    if (!is_more) continue;
    const SplitPtr none;
    const Index cell = 0;
    const Table its_rows = split ? table.only(split, Role::train) : table;
    const CellSums third(engine, its_rows, sketch, Cells({&none, 1}), std::move(own), weighing);
    s = third.of({&cell, 1}).value();
    set_constants(e, s);
  }
}

}  // namespace

// The centre is common to a partition's splits, and depends on all its rows, so that a split does
// not see which others there are.
std::vector<ColumnStatistics> statistics_of(Engine& engine, const Table& table,
                                            std::span<const SplitPtr> splits, Weighing weighing) {
  const Sketch sketch = engine.sketch(table);
  const Cells all_cells(splits);
  const CellSums first(engine, table, sketch, all_cells, first_centre(table, sketch), weighing);
  std::vector<ColumnStatistics> found(splits.size());
  std::vector<LostSplit> lost;
  for (const std::vector<std::size_t>& members : by_partition(splits)) {
    std::vector<SplitPtr> its_splits;
    for (const std::size_t i : members) its_splits.push_back(splits[i]);
    const Cells its_cells(its_splits);
    const auto whole = first.of(all_cells.of_partition(its_splits.front()));
    std::optional<CellSums> second;
    if (const auto better = whole ? improved(first.centre(), *whole) : std::nullopt) {
      second.emplace(engine, table, sketch, its_cells, *better, weighing);
    }
    for (const std::size_t i : members) {
      const SplitPtr& split = splits[i];
      auto s = second ? second->of(its_cells.with_role(split, Role::train))
                      : first.of(all_cells.with_role(split, Role::train));
      if (!s) throw_no_rows(table, split);
      found[i] = std::move(*s);
      const Centre& centre = second ? second->centre() : first.centre();
      if (improved(centre, found[i])) lost.push_back({i, centre.shift});
    }
  }
  look_again(engine, table, splits, lost, weighing, found);
  return found;
}

}  // namespace superstep
