// SPDX-License-Identifier: BSD-3-Clause
#include "learn/preprocessing/refuse_missing.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

void refuse_missing(Engine& engine, const Table& table, const std::string& who) {
  if (table.maps.empty()) return;
  const Index columns = table.columns();
  const std::vector<double> found =
      engine.maximum(table, 1, [columns](const Block& block, std::span<double> out, Workspace&) {
        const double* x = block.x.doubles();
        for (Index i = 0; i < block.rows * columns; ++i) {
          if (std::isfinite(x[i])) continue;
          const Index place = block.row(i / columns) * columns + i % columns;
          out[0] = std::max(out[0], -static_cast<double>(place));
          break;
        }
      });
  if (!std::isfinite(found[0])) return;
  const auto place = static_cast<Index>(-found[0]);
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} cannot take NaN or infinite values, which the steps before it make of row {} "
                  "of {}: column {} of the {} that they give",
                  who, place / columns, table.data->path(), place % columns, columns));
}

void throw_missing(const std::string& who, Index column) {
  throw DataError(
      fmt::format("{} cannot take NaN, which its column {} holds; put SimpleImputer() "
                  "before it",
                  who, column));
}

}  // namespace superstep
