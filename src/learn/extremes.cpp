// SPDX-License-Identifier: BSD-3-Clause
#include "learn/extremes.hpp"

#include <algorithm>
#include <cmath>

#include <superstep/math/column_stats.hpp>

#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// What is not stored is zero.
void add_sparse(const Block& block, double* low, double* high, Workspace& workspace) {
  const SparseRows& x = *block.x.sparse();
  std::int32_t* const stored = workspace.integers(3, block.columns);
  std::fill_n(stored, block.columns, 0);
  std::int32_t rows = 0;
  const auto add = [&](Index column, double value) {
    low[column] = std::min(low[column], value);
    high[column] = std::max(high[column], value);
  };
  for (Index i = 0; i < block.rows; ++i) {
    if (!(block.weight_of(i) > 0.0)) continue;
    ++rows;
    for (Index k = x.begin[i]; k < x.end[i]; ++k) {
      ++stored[x.columns[k]];
      if (!std::isnan(x.value(k))) add(x.columns[k], x.value(k));
    }
  }
  for (Index c = 0; c < block.columns; ++c) {
    if (stored[c] < rows) add(c, 0.0);
  }
}

}  // namespace

std::vector<Extremes> extremes_of(Engine& engine, const Table& table,
                                  std::span<const SplitPtr> splits) {
  const Index columns = table.columns();
  // The least value is the greatest of the negatives.
  const std::vector<Vector> greatest = greatest_of(
      engine, table, splits, 2 * columns,
      [&](const Block& block, std::span<double> out, Workspace& workspace) {
        double* low = workspace.doubles(0, columns);
        for (Index c = 0; c < columns; ++c) low[c] = -out[static_cast<std::size_t>(c)];
        double* high = out.data() + columns;
        if (table.is_sparse()) {
          add_sparse(block, low, high, workspace);
        } else {
          for_present_rows(block, [&](auto x) { math::column_range_add(x, low, high); });
        }
        for (Index c = 0; c < columns; ++c) out[static_cast<std::size_t>(c)] = -low[c];
      });
  // Adding 0 makes one zero of both: which of them was met first depends on the order.
  const auto value = [](double v) { return std::isinf(v) ? NAN : v + 0.0; };
  std::vector<Extremes> extremes;
  for (const Vector& g : greatest) {
    extremes.push_back({(-g.head(columns)).unaryExpr(value), g.tail(columns).unaryExpr(value)});
  }
  return extremes;
}

}  // namespace superstep
