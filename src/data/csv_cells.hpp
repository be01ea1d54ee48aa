// SPDX-License-Identifier: BSD-3-Clause
// Cells of a target column: what is in quotes is never a missing value, because classes may be
// called NA or None.
#pragma once

#include <cmath>
#include <optional>

#include <superstep/io/csv.hpp>

namespace superstep {

inline bool is_missing_label(const CsvField& field) {
  return field.text.empty() || (!field.was_quoted && is_missing(field.text));
}

/// The number of a cell that is not missing, or nothing.
inline std::optional<double> label_number(const CsvField& field) {
  const std::optional<double> value = parse_cell(field.text);
  return value && std::isnan(*value) ? std::nullopt : value;
}

}  // namespace superstep
