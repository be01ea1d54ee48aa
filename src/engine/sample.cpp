// SPDX-License-Identifier: BSD-3-Clause
#include "engine/sample.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>

#include <superstep/comm/collectively.hpp>
#include "engine/block_view.hpp"

namespace superstep {

namespace {

struct Range {
  double low = HUGE_VAL;
  double high = -HUGE_VAL;
  double sum = 0.0;
  double count = 0.0;

  void add(double v) {
    if (!std::isfinite(v)) return;  // reported by the pass that follows, or a missing value
    low = std::min(low, v);
    high = std::max(high, v);
    sum += v;
    count += 1.0;
  }
  /// Of values that are the same.
  void add(double v, double times) {
    if (times == 0.0) return;
    add(v);
    sum += v * (times - 1.0);
    count += times - 1.0;
  }
  double max_abs() const { return count == 0.0 ? 0.0 : std::max(std::fabs(low), std::fabs(high)); }
  /// Within [low, high]; exact when all values are equal, so that a constant column is seen as
  /// constant.
  double centre() const {
    return count == 0.0 || !std::isfinite(sum) ? 0.0 : std::clamp(sum / count, low, high);
  }
  double spread() const { return count == 0.0 ? 0.0 : std::max(high - centre(), centre() - low); }
};

Index targets_of(const Table& table) {
  return table.target == Target::numbers ? table.data->targets() : 1;
}

/// What is not stored is zero, and is added when all are seen.
void add_sparse(const SparseRows& rows, Index count, std::vector<Range>& columns) {
  for (Index i = 0; i < count; ++i) {
    for (Index k = rows.begin[i]; k < rows.end[i]; ++k) {
      columns[static_cast<std::size_t>(rows.columns[k])].add(rows.value(k));
    }
  }
}

std::vector<double> look(Table table) {
  table.split = nullptr;  // what a fold's rows look like is not told apart
  const Dataset& data = *table.data;
  const Index n = data.blocks().size();
  const auto columns = static_cast<std::size_t>(table.columns());
  std::vector<Range> x(columns);
  const auto targets = static_cast<std::size_t>(targets_of(table));
  std::vector<Range> y(targets);
  Range weight;
  weight.add(1.0);
  StoredBlock stored;
  BlockView view;
  double sparse_rows = 0.0;
  for (const Index i : std::set<Index>{0, n / 3, 2 * n / 3, n - 1}) {
    data.read(i, table.target, stored);
    view.next_block();
    const Block block = view.of(table, i, stored);
    const SparseRows* const sparse = block.x.sparse();
    if (sparse != nullptr && sparse->bytes == nullptr) {  // of texts there is nothing to tell
      add_sparse(*sparse, block.rows, x);
      sparse_rows += static_cast<double>(block.rows);
    }
    const double* values = sparse == nullptr ? block.x.doubles() : nullptr;
    const double* of_y = block.y;
    for (Index row = 0; row < block.rows; ++row) {
      for (std::size_t c = 0; values != nullptr && c < columns; ++c) x[c].add(*values++);
      for (std::size_t t = 0; of_y != nullptr && t < targets; ++t) y[t].add(*of_y++);
      if (block.weight != nullptr) weight.add(block.weight[row]);
    }
  }
  if (sparse_rows > 0.0) {
    for (Range& r : x) r.add(0.0, sparse_rows - r.count);
  }
  if (table.class_weight && weight.count > 0.0) {  // a rare class may not be among these rows
    const double rows = data.has_weight() ? weight.max_abs() : 1.0;
    weight.add(rows * *std::ranges::max_element(*table.class_weight));
  }
  std::vector<double> told;
  for (const auto* ranges : {&x, &y}) {
    for (const Range& r : *ranges) {
      told.insert(told.end(), {r.max_abs(), r.centre(), r.spread()});
    }
  }
  told.push_back(weight.max_abs());
  return told;
}

}  // namespace

std::vector<double> look_at_sample(const Communicator& comm, const Table& table) {
  std::vector<double> told(static_cast<std::size_t>(3 * (table.columns() + targets_of(table)) + 1));
  on_root(comm, [&] { told = look(table); });
  comm.broadcast(std::span<double>(told));
  return told;
}

Sketch sketch_of(const Table& table, const std::vector<double>& told) {
  // One bit of headroom: rows that were not looked at are a little larger, as a rule.
  const auto bound = [](double v) { return exponent_above(v) + (v == 0.0 ? 0 : 1); };
  Sketch s;
  const double* at = told.data();
  for (Index c = 0; c < table.columns(); ++c, at += 3) {
    s.exponents.push_back(bound(at[0]));
    s.shift.push_back(at[1]);
    s.spread_exponents.push_back(bound(at[2]));
  }
  for (Index t = 0; t < targets_of(table); ++t, at += 3) {
    s.targets.push_back({at[1], bound(at[0]), bound(at[2])});
  }
  s.weight_exponent = bound(at[0]);
  const Index tall = table.data->blocks().rows_per_block();
  s.rows_exponent = std::bit_width(static_cast<std::size_t>(tall));
  return s;
}

}  // namespace superstep
