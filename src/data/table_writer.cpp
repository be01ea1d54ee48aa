// SPDX-License-Identifier: BSD-3-Clause
#include "data/table_writer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>

namespace superstep {

namespace {

const std::string table_group = "/table";
const std::string text_group = "/table_text";
const std::string index_name = "_index";
const std::string division_slash = "\xe2\x88\x95";  // U+2215

std::string storable(const std::string& name) {
  if (name.empty() || name == "." || name == index_name)
    return name == index_name ? "_index_" : "_";
  std::string stored;
  for (const char c : name) stored += c == '/' ? division_slash : std::string(1, c);
  return stored;
}

/// Categories that are numbers stay so where they are not in the order of texts, by which they
/// would be numbered otherwise. Empty where they are texts.
std::vector<double> numbers_of(const std::vector<std::string>& levels) {
  if (std::ranges::is_sorted(levels)) return {};
  std::vector<double> numbers;
  for (const std::string& level : levels) {
    char* end = nullptr;
    numbers.push_back(std::strtod(level.c_str(), &end));
    if (level.empty() || *end != '\0') return {};
  }
  return numbers;
}

bool are_whole(const std::vector<double>& numbers) {
  return std::ranges::all_of(numbers,
                             [](double v) { return v == std::floor(v) && std::fabs(v) <= 0x1p53; });
}

/// As pandas has them.
std::size_t code_bytes(const TableColumn& column) {
  const auto levels = std::ssize(column.levels);
  if (levels < 127) return 1;
  return levels < 32'767 ? 2 : 4;
}

void encode(ParallelFile& file, const std::string& object, const char* type,
            const char* version = "0.2.0") {
  file.set_attribute(object, "encoding-type", std::string(type));
  file.set_attribute(object, "encoding-version", std::string(version));
}

template <class To>
void write_narrow(ParallelFile& file, ParallelFile::Dataset dataset, Index first, Index count,
                  const std::int32_t* codes) {
  std::vector<To> narrow(static_cast<std::size_t>(count));
  std::transform(codes, codes + count, narrow.begin(),
                 [](std::int32_t code) { return static_cast<To>(code); });
  file.write_rows(dataset, first, count, narrow.data());
}

}  // namespace

std::vector<std::string> stored_names(const std::vector<TableColumn>& columns) {
  std::vector<std::string> stored(columns.size());
  std::unordered_set<std::string> taken;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (storable(columns[c].name) != columns[c].name) continue;
    stored[c] = columns[c].name;
    taken.insert(stored[c]);
  }
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (!stored[c].empty()) continue;
    const std::string name = storable(columns[c].name);
    stored[c] = name;
    for (int i = 1; !taken.insert(stored[c]).second; ++i) stored[c] = fmt::format("{}.{}", name, i);
  }
  return stored;
}

TableWriter::TableWriter(const std::string& path, const RowFormat& format)
    : path_(path), format_(format), stored_(stored_names(format.table)) {
  texts_.reserve(format.table.size());  // columns point to them
  for (std::size_t c = 0; c < format.table.size(); ++c) {
    const TableColumn& what = format.table[c];
    Column& column = columns_.emplace_back(Column{&what, table_group + "/" + stored_[c], {}});
    switch (what.kind) {
      case StoredKind::number:
        break;
      case StoredKind::int64:
      case StoredKind::date:
        column.values = Buffer<std::int64_t>();
        break;
      case StoredKind::uint64:
        column.values = Buffer<std::uint64_t>();
        break;
      case StoredKind::boolean:
        column.values = Buffer<std::int8_t>();
        break;
      case StoredKind::category:
        column.values = Buffer<std::int32_t>();
        column.number_levels = numbers_of(what.levels);
        break;
      case StoredKind::text:
        column.path = text_group + "/" + stored_[c];
        column.text = &texts_.emplace_back(column.path, format.rows, what.text_bytes);
        break;
    }
  }
}

std::size_t TableWriter::bytes_per_row(const RowFormat& format) {
  std::size_t bytes = sizeof(std::int64_t);  // its number
  for (const TableColumn& column : format.table) {
    bytes += 8;
    if (column.kind == StoredKind::number && format.is_float32) bytes += 4;
    if (column.kind != StoredKind::text) continue;
    // In parts, joined, and on its way to another rank.
    bytes += 24 + static_cast<std::size_t>(3 * column.text_bytes / std::max<Index>(format.rows, 1));
  }
  return bytes;
}

ElementType TableWriter::type_of(const Column& column) const {
  switch (column.what->kind) {
    case StoredKind::number:
      return format_.is_float32 ? float32_type() : float64_type();
    case StoredKind::uint64:
      return uint64_type();
    case StoredKind::boolean:
      return boolean_type();
    case StoredKind::category:
      break;
    case StoredKind::int64:
    case StoredKind::date:
    case StoredKind::text:
      return int64_type();
  }
  const std::size_t bytes = code_bytes(*column.what);
  if (bytes == 1) return int8_type();
  return bytes == 2 ? int16_type() : int32_type();
}

void TableWriter::create_in(ParallelFile& file, const DatasetOptions& options) {
  file.create_group(table_group);
  std::vector<ParallelFile::NewDataset> wanted = {
      {table_group + "/" + index_name, int64_type(), {format_.rows}, options}};
  for (const Column& column : columns_) {
    if (column.text != nullptr) {
      for (auto& dataset : column.text->datasets(options)) wanted.push_back(std::move(dataset));
      continue;
    }
    const bool has_codes = column.what->kind == StoredKind::category;
    wanted.push_back(
        {column.path + (has_codes ? "/codes" : ""), type_of(column), {format_.rows}, options});
    if (column.number_levels.empty()) continue;
    wanted.push_back({column.path + "/categories",
                      are_whole(column.number_levels) ? int64_type() : float64_type(),
                      {std::ssize(column.number_levels)},
                      {}});
  }
  const std::vector<ParallelFile::Dataset> datasets = file.create_datasets(wanted);
  auto next = datasets.begin();
  index_ = *next++;
  for (Column& column : columns_) {
    column.dataset = *next++;
    if (column.text != nullptr) column.text->take(column.dataset, *next++);
    if (!column.number_levels.empty()) column.levels = *next++;
  }
}

void TableWriter::put_number_levels(ParallelFile& file) const {
  for (const Column& column : columns_) {
    const std::vector<double>& numbers = column.number_levels;
    if (numbers.empty()) continue;
    const auto count = std::ssize(numbers);
    if (are_whole(numbers)) {
      const std::vector<std::int64_t> whole(numbers.begin(), numbers.end());
      file.write_rows(column.levels, 0, count, whole.data());
    } else {
      file.write_rows(column.levels, 0, count, numbers.data());
    }
  }
}

void TableWriter::describe_in(ParallelFile& file) const {
  encode(file, table_group, "dataframe");
  file.set_attribute(table_group, "_index", index_name);
  std::vector<std::string> order;
  std::vector<std::string> names;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].text == nullptr) order.push_back(stored_[c]);
    names.push_back(columns_[c].what->name);
  }
  if (names != order) file.set_texts(table_group, "superstep-columns", std::move(names));
  file.set_texts(table_group, "column-order", std::move(order));
  encode(file, table_group + "/" + index_name, "array");
  if (has_texts()) encode(file, text_group, "dict", "0.1.0");
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    describe(file, columns_[c]);
    if (stored_[c] != columns_[c].what->name) {
      file.set_attribute(columns_[c].path, "superstep-name", columns_[c].what->name);
    }
  }
}

void TableWriter::describe(ParallelFile& file, const Column& column) const {
  switch (column.what->kind) {
    case StoredKind::category:
      encode(file, column.path, "categorical");
      file.set_flag(column.path, "ordered", false);
      encode(file, column.path + "/codes", "array");
      if (column.number_levels.empty()) {
        file.add_texts(column.path + "/categories", column.what->levels);
        encode(file, column.path + "/categories", "string-array");
      } else {
        encode(file, column.path + "/categories", "array");
      }
      return;
    case StoredKind::text:
      encode(file, column.path, "superstep-text", "0.1.0");
      encode(file, column.path + "/data", "array");
      encode(file, column.path + "/indptr", "array");
      return;
    case StoredKind::date:
      file.set_attribute(column.path, "units", column.what->unit);
      file.set_attribute(column.path, "calendar", std::string("proleptic_gregorian"));
      break;
    case StoredKind::number:
    case StoredKind::int64:
    case StoredKind::uint64:
    case StoredKind::boolean:
      break;
  }
  encode(file, column.path, "array");
}

void TableWriter::begin(Index rows, Index tasks) {
  for (Column& column : columns_) {
    if (column.text != nullptr) {
      column.text->begin(tasks);
      continue;
    }
    std::visit([&](auto& values) { values.grow(rows); }, column.values);
    if (column.what->kind == StoredKind::number && format_.is_float32) column.floats.grow(rows);
  }
}

std::vector<ColumnSpan> TableWriter::rows_at(Index begin, Index task) {
  std::vector<ColumnSpan> spans;
  spans.reserve(columns_.size());
  for (Column& column : columns_) {
    ColumnSpan& span = spans.emplace_back();
    if (column.text != nullptr) {
      span.texts = column.text->rows_of(task);
    } else if (auto* numbers = std::get_if<Buffer<double>>(&column.values)) {
      span.numbers = numbers->data() + begin;
    } else if (auto* integers = std::get_if<Buffer<std::int64_t>>(&column.values)) {
      span.integers = integers->data() + begin;
    } else if (auto* naturals = std::get_if<Buffer<std::uint64_t>>(&column.values)) {
      span.naturals = naturals->data() + begin;
    } else if (auto* flags = std::get_if<Buffer<std::int8_t>>(&column.values)) {
      span.flags = flags->data() + begin;
    } else {
      span.codes = std::get<Buffer<std::int32_t>>(column.values).data() + begin;
    }
  }
  return spans;
}

void TableWriter::narrow(Index first, Index begin, Index end) {
  if (!format_.is_float32) return;
  for (Column& column : columns_) {
    if (column.what->kind != StoredKind::number) continue;
    const double* values = std::get<Buffer<double>>(column.values).data();
    for (Index i = begin; i < end; ++i) {
      const auto narrow = static_cast<float>(values[i]);
      if (std::isinf(narrow) && !std::isinf(values[i])) {
        throw DataError(fmt::format(
            "cannot write {}: row {}, column {} is {}, too large for "
            "float32; use --dtype float64",
            path_, first + i, Value(column.what->name).repr(), format_double(values[i])));
      }
      column.floats.data()[i] = narrow;
    }
  }
}

void TableWriter::put_codes(ParallelFile& file, const Column& column, Index first,
                            Index count) const {
  const std::int32_t* codes = std::get<Buffer<std::int32_t>>(column.values).data();
  const std::size_t bytes = code_bytes(*column.what);
  if (bytes == 1) return write_narrow<std::int8_t>(file, column.dataset, first, count, codes);
  if (bytes == 2) return write_narrow<std::int16_t>(file, column.dataset, first, count, codes);
  file.write_rows(column.dataset, first, count, codes);
}

void TableWriter::put(ParallelFile& file, Index first, Index count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  file.write_rows(index_, first, count, numbers.data());
  for (const Column& column : columns_) {
    if (column.text != nullptr) continue;
    if (column.what->kind == StoredKind::category) {
      put_codes(file, column, first, count);
    } else if (column.what->kind == StoredKind::number && format_.is_float32) {
      file.write_rows(column.dataset, first, count, column.floats.data());
    } else {
      std::visit(
          [&](const auto& values) { file.write_rows(column.dataset, first, count, values.data()); },
          column.values);
    }
  }
}

void TableWriter::put_texts(const Communicator& comm, ParallelFile& file, Index first,
                            Index count) {
  for (TextColumnWriter& text : texts_) text.put(comm, file, first, count);
}

}  // namespace superstep
