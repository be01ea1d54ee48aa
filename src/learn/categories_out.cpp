// SPDX-License-Identifier: BSD-3-Clause
#include "learn/categories_out.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

RowFormat format_of(const Schema& columns, Index rows) {
  RowFormat format;
  format.rows = rows;
  format.columns = columns.size();
  for (Index c = 0; c < columns.size(); ++c) {
    TableColumn column{columns.name_of(c)};
    if (columns[c].levels) {
      column.kind = StoredKind::category;
      column.levels = *columns[c].levels;
    }
    format.table.push_back(std::move(column));
  }
  return format;
}

}  // namespace

void require_no_texts(const Schema& columns) {
  for (Index c = 0; c < columns.size(); ++c) {
    if (columns[c].kind != ColumnKind::text) continue;
    throw DataError(
        fmt::format("column '{}' is free text, which no transformer lets pass; leave it out of "
                    "what passes, or make it a category with import --types NAME=category",
                    columns.name_of(c)));
  }
}

void require_known_levels(const Schema& columns, Index first, Index rows, const double* values) {
  for (Index i = 0; i < rows * columns.size(); ++i) {
    const Column& column = columns[i % columns.size()];
    if (!column.levels || !(values[i] >= static_cast<double>(column.levels->size()))) continue;
    throw DataError(fmt::format(
        "row {} of column '{}' holds a category that the model has not seen, and lets it pass; "
        "categories are known to it by the data it was fitted to",
        first + i / columns.size(), columns.name_of(i % columns.size())));
  }
}

CategoriesOut::CategoriesOut(const std::string& path, const Schema& columns, Index rows)
    : format_(format_of(columns, rows)), writer_(path, format_) {}

void CategoriesOut::create_in(ParallelFile& file) {
  writer_.create_in(file, {});
  writer_.describe_in(file);
}

void CategoriesOut::write(ParallelFile& file, Index first, Index rows, const double* values) {
  writer_.begin(rows, 1);
  const std::vector<ColumnSpan> spans = writer_.rows_at(0, 0);
  for (Index i = 0; i < rows; ++i) {
    for (const ColumnSpan& span : spans) {
      const double value = *values++;
      if (span.codes == nullptr) {
        span.numbers[i] = value;
      } else {
        span.codes[i] = std::isnan(value) ? -1 : static_cast<std::int32_t>(value);
      }
    }
  }
  writer_.put(file, first, rows);
}

}  // namespace superstep
