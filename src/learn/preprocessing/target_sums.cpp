// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/target_sums.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

enum Run : Index { counts, sums, squares };  ///< of a cell; classes have counts alone

}  // namespace

ValueSlots::ValueSlots(const std::vector<DistinctValues>& found) {
  for (const DistinctValues& column : found) {
    CategoriesFound all;
    all.values = column.values;
    all.has_missing = true;
    lookups_.emplace_back(all);
    values_.push_back(column.values);
    values_.back().push_back(nan_value);
    first_.push_back(first_.back() + std::ssize(values_.back()));
  }
}

void ValueSlots::find(const double* x, Index rows, std::int32_t* slots) const {
  const auto n = lookups_.size();
  for (Index i = 0; i < rows; ++i) {
    for (std::size_t c = 0; c < n; ++c) {
      const Index at = lookups_[c].find(*x++ + 0.0);
      if (at < 0) throw DataError("TargetEncoder: the data hold a value that was not there before");
      *slots++ = static_cast<std::int32_t>(first_[c] + at);
    }
  }
}

TargetSumsByCell::TargetSumsByCell(Engine& engine, const Table& table, const ValueSlots& slots,
                                   const TargetReading& reading, std::span<const SplitPtr> within)
    : slots_(slots), reading_(reading), cells_(within), totals_(add_up(engine, table)) {}

Totals TargetSumsByCell::add_up(Engine& engine, const Table& table) {
  const Sketch sketch = engine.sketch(table);
  const int rows = sketch.rows_exponent + sketch.weight_exponent;
  const Sketch::OfTarget target = sketch.target();
  if (reading_.is_continuous()) shift_ = target.shift;
  SumShape shape;
  for (Index cell = 0; cell < cells_.size(); ++cell) {
    if (!reading_.is_continuous()) {
      shape.add(slots_.size() * reading_.outputs(), rows);
      continue;
    }
    shape.add(slots_.size(), rows);
    shape.add(slots_.size(), target.spread_exponent + rows);
    shape.add(slots_.size(), 2 * target.spread_exponent + rows);
  }
  return engine.superstep(
      table, shape,
      [&](const Block& block, Partial& sum, Workspace& workspace) { add(block, sum, workspace); });
}

void TargetSumsByCell::add(const Block& block, Partial& sum, Workspace& workspace) const {
  const Index columns = slots_.columns();
  std::int32_t* const slot = workspace.integers(1, block.rows * columns);
  slots_.find(block.x.doubles(), block.rows, slot);
  double* const y = workspace.doubles(0, block.rows);
  for (Index i = 0; i < block.rows; ++i) {
    if (reading_.is_continuous()) {
      y[i] = block.y[i] - shift_;
    } else {
      y[i] =
          reading_.are_codes ? block.y[i] : static_cast<double>(reading_.classes.find(block.y[i]));
    }
  }
  const Index outputs = reading_.outputs();
  cells_.each_partition(block, workspace, [&](Index first, const std::int32_t* cell) {
    for (Index i = 0; i < block.rows; ++i) {
      const Index its_cell = first + (cell == nullptr ? 0 : cell[i]);
      if (!cells_.is_used(its_cell)) continue;
      const std::int32_t* const its = slot + i * columns;
      const double weight = block.weight_of(i);
      if (!reading_.is_continuous()) {
        double* const counted = sum[its_cell].data() + static_cast<Index>(y[i]);
        for (Index c = 0; c < columns; ++c) counted[its[c] * outputs] += weight;
        continue;
      }
      double* const n = sum[3 * its_cell + counts].data();
      double* const s = sum[3 * its_cell + sums].data();
      double* const q = sum[3 * its_cell + squares].data();
      for (Index c = 0; c < columns; ++c) {
        n[its[c]] += weight;
        s[its[c]] += weight * y[i];
        q[its[c]] = std::fma(weight * y[i], y[i], q[its[c]]);
      }
    }
  });
}

std::vector<double> TargetSumsByCell::together(Index run, const std::vector<Index>& cells) const {
  const Index runs_of_a_cell = reading_.is_continuous() ? 3 : 1;
  std::vector<Index> runs;
  for (const Index cell : cells) runs.push_back(runs_of_a_cell * cell + run);
  return totals_.combined(runs);
}

TargetSums TargetSumsByCell::of(const SplitPtr& split) const {
  const std::vector<Index> cells = cells_.with_role(split, Role::train);
  TargetSums s;
  s.shift = shift_;
  if (reading_.is_continuous()) {
    s.counts = together(counts, cells);
    s.sums = together(sums, cells);
    s.squares = together(squares, cells);
    return s;
  }
  s.sums = s.squares = together(counts, cells);
  const auto outputs = static_cast<std::size_t>(reading_.outputs());
  for (auto at = s.sums.begin(); at != s.sums.end(); at += reading_.outputs()) {
    s.counts.push_back(std::accumulate(at, at + static_cast<std::ptrdiff_t>(outputs), 0.0));
  }
  return s;
}

}  // namespace superstep
