// SPDX-License-Identifier: BSD-3-Clause
#include "data/feature_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>

namespace superstep {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double no_date = -9223372036854775808.0;  // INT64_MIN, pandas' NaT

RowReader reader_of(const DatasetLayout& layout, const FeatureReader::Use& use, Index tall) {
  return RowReader(layout, RowReader::pass_cache_bytes(layout, use.readers, tall));
}

Levels levels_of(const ElementType& type) {
  std::vector<std::string> names;
  for (const auto& [name, code] : type.members) names.push_back(name);
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

}  // namespace

FeatureReader::FeatureReader(const DatasetLayout& matrix, std::vector<std::string> names, Use use)
    : where_(matrix.where()),
      rows_(matrix.rows()),
      is_float32_(matrix.type.is_exact_in_float()),
      schema_(Schema::of_numbers(matrix.columns(), names)) {
  const Index tall = BlockPlan(matrix.rows(), matrix.columns()).rows_per_block();
  parts_.push_back({reader_of(matrix, use, tall)});
}

FeatureReader::FeatureReader(const FrameLayout& frame, Use use)
    : where_(frame.where()), rows_(frame.rows), is_table_(true), is_float32_(true) {
  const Index tall = BlockPlan(rows_, std::ssize(frame.columns)).rows_per_block();
  std::vector<Column> columns;
  for (const FrameColumn& from : frame.columns) {
    Column column{.name = from.name, .kind = from.kind, .levels = {}, .unit = from.unit};
    // Where free text begins is all that is read of it.
    Part part{reader_of(from.ends ? *from.ends : from.values, use, tall)};
    part.is_date = from.kind == ColumnKind::date;
    part.is_text = from.kind == ColumnKind::text;
    if (from.mask) part.mask.emplace(reader_of(*from.mask, use, tall));
    if (from.kind == ColumnKind::category) column.levels = levels_of(from.values.type);
    const bool is_code = part.is_text || from.kind == ColumnKind::category;
    is_float32_ = is_float32_ && (is_code || from.values.type.is_exact_in_float());
    columns.push_back(std::move(column));
    parts_.push_back(std::move(part));
    if (columns.back().levels) number_codes(parts_.back(), columns.back());
  }
  schema_ = Schema(std::move(columns));
  if (frame.columns.size() == 1 && frame.columns.front().kind == ColumnKind::text) {
    texts_.emplace(frame.columns.front(), use.readers);
    is_float32_ = false;
  }
}

FeatureReader::FeatureReader(const SparseLayout& sparse, std::vector<std::string> names, Use use)
    : where_(sparse.where()),
      rows_(sparse.rows),
      is_float32_(sparse.values.type.is_exact_in_float()),
      schema_(Schema::of_numbers(sparse.columns, names)) {
  const Index tall = BlockPlan::of_sparse(sparse.rows, sparse.values.rows()).rows_per_block();
  sparse_.emplace(sparse, use.readers, tall);
}

BlockPlan FeatureReader::plan(Index rows) const {
  if (texts_) {  // as if eight bytes were a value
    return BlockPlan::of_sparse(rows, texts_->bytes() / 8 / std::max<Index>(rows_, 1) * rows);
  }
  if (!sparse_) return {rows, columns()};
  return BlockPlan::of_sparse(rows, sparse_->values() / std::max<Index>(rows_, 1) * rows);
}

/// By the levels of `column`, which may be those of other data.
void FeatureReader::number_codes(Part& part, const Column& column) {
  const auto& members = part.values.layout().type.members;
  const auto unknown = static_cast<double>(column.levels->size());
  part.level_of_code.assign(members.size(), unknown);
  // Both lists are sorted alike, but for numbers that name categories.
  std::vector<std::pair<std::string_view, Index>> sorted;
  for (const std::string& level : *column.levels) sorted.emplace_back(level, std::ssize(sorted));
  std::ranges::sort(sorted);
  for (const auto& [name, code] : members) {
    const auto found = std::ranges::lower_bound(sorted, std::string_view(name), {},
                                                &std::pair<std::string_view, Index>::first);
    if (found == sorted.end() || found->first != name) continue;
    if (code >= 0 && code < std::ssize(members)) {
      part.level_of_code[static_cast<std::size_t>(code)] = static_cast<double>(found->second);
    }
  }
}

void FeatureReader::set_levels(const Schema& schema) {
  std::vector<Column> columns = schema_.columns();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (columns[c].kind != ColumnKind::category) continue;
    columns[c].levels = schema[static_cast<Index>(c)].levels;
    number_codes(parts_[c], columns[c]);
  }
  schema_ = Schema(std::move(columns));
}

std::string FeatureReader::type() const {
  if (sparse_) return sparse_->layout().values.type.name();
  return is_table_ ? "table" : parts_.front().values.layout().type.name();
}

std::string FeatureReader::storage() const {
  if (sparse_) return sparse_->layout().summary();
  if (!is_table_) return parts_.front().values.layout().summary();
  return fmt::format("{} x {} table, one dataset a column", format_count(rows_),
                     format_count(columns()));
}

std::size_t FeatureReader::cache_bytes() const {
  std::size_t bytes = sparse_ ? sparse_->cache_bytes() : 0;
  if (texts_) bytes += texts_->cache_bytes();
  for (const Part& part : parts_) {
    bytes += part.values.cache_bytes() + (part.mask ? part.mask->cache_bytes() : 0);
  }
  return bytes;
}

std::size_t FeatureReader::scratch_bytes_per_thread(Index values) const {
  if (sparse_) return sparse_->scratch_bytes_per_thread(values);
  if (texts_) return texts_->scratch_bytes_per_thread();
  std::size_t most = 0;  // columns are read one after the other
  for (const Part& part : parts_) most = std::max(most, part.values.scratch_bytes_per_thread());
  return most;
}

std::size_t FeatureReader::bytes_read() const {
  std::size_t bytes = sparse_ ? sparse_->bytes_read() : 0;
  if (texts_) bytes += texts_->bytes_read();
  for (const Part& part : parts_) {
    bytes += part.values.bytes_read() + (part.mask ? part.mask->bytes_read() : 0);
  }
  return bytes;
}

void FeatureReader::require_unchanged() const {
  if (sparse_) return sparse_->require_unchanged();
  parts_.front().values.require_unchanged();
}

void FeatureReader::to_levels(std::size_t c, Index first, std::vector<double>& values) const {
  const std::vector<double>& level_of_code = parts_[c].level_of_code;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double code = values[i];
    if (code == -1.0) {
      values[i] = nan_value;
    } else if (code >= 0.0 && code < static_cast<double>(level_of_code.size())) {
      values[i] = level_of_code[static_cast<std::size_t>(code)];
    } else {
      throw FileError(fmt::format(
          "{} is damaged: row {} holds code {}, but there are {} categories; write it again",
          parts_[c].values.layout().where(), first + static_cast<Index>(i), code,
          level_of_code.size()));
    }
  }
}

template <class T>
void FeatureReader::read_column(std::size_t c, Index first, Index count,
                                std::vector<double>& values, T* out) const {
  const Part& part = parts_[c];
  // Of a text, where it and the one before it end.
  values.resize(static_cast<std::size_t>(count + (part.is_text ? 1 : 0)));
  if (part.is_text && part.values.layout().type.is_text()) {
    std::ranges::fill(values, 0.0);
  } else {
    part.values.read_rows(first, std::ssize(values), values.data());
    if (part.is_text) {
      for (std::size_t i = 0; i + 1 < values.size(); ++i) {
        values[i] = values[i + 1] > values[i] ? 0.0 : nan_value;
      }
    }
  }
  values.resize(static_cast<std::size_t>(count));
  if (!part.level_of_code.empty() || schema_[static_cast<Index>(c)].levels) {
    to_levels(c, first, values);
  }
  if (part.is_date) std::ranges::replace(values, no_date, nan_value);
  const Index columns = std::ssize(parts_);
  for (Index i = 0; i < count; ++i) {
    out[i * columns] = static_cast<T>(values[static_cast<std::size_t>(i)]);
  }
  if (!part.mask) return;
  part.mask->read_rows(first, count, values.data());
  for (Index i = 0; i < count; ++i) {
    if (values[static_cast<std::size_t>(i)] != 0.0) out[i * columns] = static_cast<T>(nan_value);
  }
}

template <class T>
void FeatureReader::read(Index first, Index count, T* out) const {
  if (!is_table_) return parts_.front().values.read_rows(first, count, out);
  std::vector<double> values;
  for (std::size_t c = 0; c < parts_.size(); ++c) read_column(c, first, count, values, out + c);
}

template void FeatureReader::read(Index, Index, double*) const;
template void FeatureReader::read(Index, Index, float*) const;

}  // namespace superstep
