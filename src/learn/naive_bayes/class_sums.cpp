// SPDX-License-Identifier: BSD-3-Clause
#include "learn/naive_bayes/class_sums.hpp"

#include <algorithm>
#include <cstdint>

#include <superstep/learn/estimator.hpp>

#include "learn/features.hpp"

namespace superstep {

SumsByClass::SumsByClass(Engine& engine, const Table& table, Index classes,
                         std::span<const SplitPtr> splits, const Summands& summands)
    : cells_(splits),
      is_sparse_(table.is_sparse() && summands.add_sparse),
      classes_(classes),
      columns_(table.columns()),
      width_(summands.width),
      totals_(add_up(engine, table, summands)) {}

// Runs of neighbouring cells lie side by side: kernels take cells x classes as their classes.
Totals SumsByClass::add_up(Engine& engine, const Table& table, const Summands& summands) {
  const Sketch sketch = engine.sketch(table);
  const int rows = sketch.rows_exponent + sketch.weight_exponent;
  const std::vector<int>& given = summands.exponents;
  std::vector<int> exponents;
  for (const int e : given.empty() ? sketch.exponents : given) exponents.push_back(e + rows);
  weights_ = shape_.runs();
  for (Index c = 0; c < cells_.size(); ++c) shape_.add(classes_, rows);
  const auto cells = static_cast<std::size_t>(cells_.size());
  if (is_sparse_) {
    // A column that is zero in the few blocks that were looked at may hold what others do.
    std::ranges::replace(exponents, exponent_above(0.0) + rows,
                         *std::ranges::max_element(exponents));
    sums_ = shape_.add_panel(std::vector(cells, exponents), classes_);
    if (!summands.counts_outside()) return superstep_of(engine, table, summands);
    const std::vector<int> of_counts(static_cast<std::size_t>(columns_), sketch.rows_exponent);
    outside_ = shape_.add_panel(std::vector(cells, of_counts), 1);
    return superstep_of(engine, table, summands);
  }
  std::vector<int> of_classes;
  for (Index k = 0; k < classes_; ++k) {
    of_classes.insert(of_classes.end(), exponents.begin(), exponents.end());
  }
  sums_ = shape_.runs();
  for (Index c = 0; c < cells_.size(); ++c) shape_.add(of_classes);
  if (summands.counts_outside()) {
    outside_ = shape_.runs();
    for (Index c = 0; c < cells_.size(); ++c) shape_.add(columns_, sketch.rows_exponent);
  }
  return superstep_of(engine, table, summands);
}

Totals SumsByClass::superstep_of(Engine& engine, const Table& table, const Summands& summands) {
  return engine.superstep(table, shape_,
                          [&](const Block& block, Partial& sum, Workspace& workspace) {
                            add(summands, block, sum, workspace);
                          });
}

void SumsByClass::add(const Summands& summands, const Block& block, Partial& sum,
                      Workspace& workspace) const {
  cells_.each_partition(block, workspace, [&](Index first, const std::int32_t* cell) {
    double* group = workspace.doubles(0, block.rows);
    double* weights = sum[weights_ + first].data();
    for (Index i = 0; i < block.rows; ++i) {
      const Index its_cell = cell == nullptr ? 0 : cell[i];
      group[i] = static_cast<double>(its_cell * classes_) + block.y[i];
      weights[static_cast<Index>(group[i])] += block.weight_of(i);
    }
    if (is_sparse_) return add_sparse(summands, block, first, cell, sum, workspace);
    const Index rest = cells_.size() - first;
    summands.add(block, group, math::Panel(sum[sums_ + first].data(), rest * classes_, width_),
                 workspace);
    if (outside_ < 0) return;
    count_outside(summands, block, cell, math::Panel(sum[outside_ + first].data(), rest, columns_));
  });
}

namespace {

math::Panel columns_from(const Partial::Panel& panel, Index first) {
  return {panel.values + first, panel.rows, panel.columns - first, panel.columns};
}

}  // namespace

void SumsByClass::add_sparse(const Summands& summands, const Block& block, Index first,
                             const std::int32_t* cell, Partial& sum, Workspace& workspace) const {
  const SparseRows& x = *block.x.sparse();
  if (width_ == columns_) sum.wrote(sums_, x.touched);
  summands.add_sparse(block, workspace.doubles(0, block.rows),
                      columns_from(sum.panel(sums_), first * classes_), workspace);
  if (outside_ < 0) return;
  sum.wrote(outside_, x.touched);
  const math::Panel counts = columns_from(sum.panel(outside_), first);
  for (Index i = 0; i < block.rows; ++i) {
    if (!(block.weight_of(i) > 0.0)) continue;
    const Index its_cell = cell == nullptr ? 0 : cell[i];
    for (Index k = x.begin[i]; k < x.end[i]; ++k) {
      const double v = x.value(k);
      if (v < summands.least || v > summands.most) counts.row(x.columns[k])[its_cell] += 1.0;
    }
  }
}

// Most blocks hold none, which one look over all values tells.
void SumsByClass::count_outside(const Summands& summands, const Block& block,
                                const std::int32_t* cell, math::Panel counts) const {
  const double least = summands.least, most = summands.most;
  const auto is_outside = [=](double x) { return x < least || x > most; };
  std::int64_t any = 0;  // of doubles' width, so that the loop vectorises
  with_features(block, [&](auto all) {
    for (const auto *x = all.data, *end = x + block.rows * columns_; x < end; ++x) {
      any |= static_cast<std::int64_t>(*x < least) | static_cast<std::int64_t>(*x > most);
    }
  });
  if (any == 0) return;
  for (Index i = 0; i < block.rows; ++i) {
    if (!(block.weight_of(i) > 0.0)) continue;
    double* to = counts.row(cell == nullptr ? 0 : cell[i]);
    const double* x = block.x.doubles() + i * columns_;
    for (Index c = 0; c < columns_; ++c) to[c] += is_outside(x[c]) ? 1.0 : 0.0;
  }
}

ClassSums SumsByClass::of(const SplitPtr& split) const {
  const std::vector<Index> cells = cells_.with_role(split, Role::train);
  const auto together = [&](Index run, Index size) {
    if (cells.empty()) return std::vector<double>(static_cast<std::size_t>(size), 0.0);
    std::vector<Index> runs;
    for (const Index cell : cells) runs.push_back(run + cell);
    return totals_.combined(runs);
  };
  ClassSums s;
  s.weight = VectorView(together(weights_, classes_).data(), classes_);
  s.sums = MatrixView(together(sums_, classes_ * width_).data(), classes_, width_);
  if (outside_ >= 0) s.outside = VectorView(together(outside_, columns_).data(), columns_);
  return s;
}

Footprint SumsByClass::footprint(Index columns, Index classes, Index width,
                                 std::span<const Candidate> batch) {
  const Index cells = cells_of(batch);
  return {cells * (classes * (width + 1) + columns), 1 + scratch_for_cells(cells, 0),
          2 * cells * classes * (width + 1)};
}

}  // namespace superstep
