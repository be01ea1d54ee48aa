// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/scalers.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include <superstep/core/error.hpp>

#include "learn/cells.hpp"

namespace superstep {

void throw_no_rows(const Table& table, const SplitPtr& split) {
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} has no {}row with a weight above zero; check {}", table.data->path(),
                  split ? "training " : "", table.data->options().weight));
}

std::vector<Index> present_rows(Engine& engine, const Table& table,
                                std::span<const SplitPtr> splits) {
  std::vector<Index> rows;
  if (!table.data->has_weight()) {
    for (const SplitPtr& s : splits) rows.push_back(s ? s->train_rows : table.rows());
    return rows;
  }
  const Cells cells(splits);
  SumShape shape;
  const int exponent = engine.sketch(table).rows_exponent;
  for (Index c = 0; c < cells.size(); ++c) shape.add(1, exponent);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& b, Partial& sum, Workspace& workspace) {
        cells.each(b, workspace, [&](Index cell, const Cells::Rows& its_rows) {
          for_rows(b, its_rows, [&](Index i) { sum[cell][0] += b.weight[i] > 0.0 ? 1.0 : 0.0; });
        });
      });
  for (const SplitPtr& s : splits) {
    rows.push_back(static_cast<Index>(totals.combined(cells.with_role(s, Role::train))[0]));
    if (rows.back() == 0) throw_no_rows(table, s);
  }
  return rows;
}

std::vector<Vector> greatest_of(Engine& engine, const Table& table,
                                std::span<const SplitPtr> splits, Index entries,
                                const Raise& raise) {
  const Cells cells(splits);
  const auto n = static_cast<std::size_t>(entries);
  const std::vector<double> found = engine.maximum(
      table, cells.size() * entries,
      [&](const Block& block, std::span<double> out, Workspace& workspace) {
        cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows) {
          const auto its_values = out.subspan(static_cast<std::size_t>(cell) * n, n);
          const auto raise_by = [&](const Block& part) { raise(part, its_values, workspace); };
          if (table.is_sparse()) {
            for_sparse_part(block, rows, workspace, raise_by);
          } else {
            for_parts(block, rows, workspace, raise_by);
          }
        });
      });
  std::vector<Vector> greatest;
  for (const SplitPtr& s : splits) {
    Vector all = Vector::Constant(entries, -HUGE_VAL);
    for (const Index cell : cells.with_role(s, Role::train)) {
      all = all.cwiseMax(VectorView(found.data() + cell * entries, entries));
    }
    greatest.push_back(std::move(all));
  }
  return greatest;
}

FitReport report_of_missing(const Vector& statistic) {
  FitReport report;
  Index missing = 0, first = -1;
  for (Index c = 0; c < statistic.size(); ++c) {
    if (!std::isnan(statistic[c])) continue;
    if (missing++ == 0) first = c;
  }
  if (missing > 0) {
    report.warnings.push_back(
        fmt::format("{} of {} columns hold no value but NaN (the first: column {}) and stay NaN; "
                    "leave them out",
                    missing, statistic.size(), first));
  }
  return report;
}

Vector without_zeros(Vector scale) {
  for (double& s : scale) {
    if (s < 10 * std::numeric_limits<double>::epsilon()) s = 1.0;
  }
  return scale;
}

}  // namespace superstep
