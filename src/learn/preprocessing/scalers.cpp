// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/scalers.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include <superstep/core/error.hpp>

namespace superstep {

void throw_no_rows(const Table& table) {
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{} has no row with a weight above zero; check {}",
                                table.data->path(), table.data->options().weight));
}

Index present_rows(Engine& engine, const Table& table) {
  if (!table.data->has_weight()) return table.rows();
  SumShape shape;
  const Index counted = shape.add(1, engine.sketch(table).rows_exponent);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& b, Partial& sum, Workspace&) {
        for (Index i = 0; i < b.rows; ++i) sum[counted][0] += b.weight[i] > 0.0 ? 1.0 : 0.0;
      });
  const auto rows = static_cast<Index>(totals.value(counted));
  if (rows == 0) throw_no_rows(table);
  return rows;
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
