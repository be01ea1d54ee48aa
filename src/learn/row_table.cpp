// SPDX-License-Identifier: BSD-3-Clause
#include "learn/row_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <superstep/core/text.hpp>

namespace superstep {

namespace {

/// RFC 4180: quoted where it has to be.
std::string csv_cell(const std::string& text) {
  const bool has_blank_end = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (text.find_first_of(",\"\r\n") == std::string::npos && !has_blank_end && !text.empty()) {
    return text;
  }
  std::string cell = "\"";
  for (const char c : text) {
    cell += c;
    if (c == '"') cell += c;
  }
  return cell + '"';
}

template <class T>
void append_bytes(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::u32string code_points(std::string_view text) {
  std::u32string points;
  while (!text.empty()) {
    const DecodedChar c = decode_utf8(text);
    points += c.valid ? c.code : U'\uFFFD';
    text.remove_prefix(c.length);
  }
  return points;
}

/// Texts of one width, as NumPy's U.
std::vector<std::string> utf32_cells(const std::vector<std::string>& texts, std::size_t width) {
  std::vector<std::string> cells;
  for (const std::string& text : texts) {
    std::u32string points = code_points(text);
    points.resize(width, U'\0');
    std::string& cell = cells.emplace_back();
    for (const char32_t c : points) append_bytes(cell, static_cast<std::uint32_t>(c));
  }
  return cells;
}

std::size_t longest(const std::vector<std::string>& texts) {
  std::size_t width = 1;
  for (const std::string& text : texts) width = std::max(width, code_points(text).size());
  return width;
}

}  // namespace

OutputFormat output_format(std::string_view path) {
  const std::string name = to_lower(path);
  if (name.ends_with(".csv")) return OutputFormat::csv;
  if (name.ends_with(".npy")) return OutputFormat::npy;
  return OutputFormat::hdf5;
}

RowTable::RowTable(const Communicator& comm, const std::string& path, const Model& model,
                   Method method, const Schema& columns, Index rows)
    : format_(output_format(path)),
      column_(model, method),
      method_(method),
      classes_(model.classes()),
      names_(columns.names()),
      rows_(rows),
      file_(comm, path) {
  for (const Column& column : columns.columns()) {
    std::vector<std::string>& cells = level_cells_.emplace_back();
    if (column.levels) std::ranges::transform(*column.levels, std::back_inserter(cells), csv_cell);
  }
  if (method != Method::predict || classes_ == nullptr || !classes_->is_text()) return;
  const std::vector<std::string>& texts = classes_->texts();
  if (format_ == OutputFormat::npy) {
    label_cells_ = utf32_cells(texts, longest(texts));
  } else {
    std::ranges::transform(texts, std::back_inserter(label_cells_), csv_cell);
  }
}

void RowTable::write(Index first, Index rows, const double* values) {
  text_.clear();
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < column_.width(); ++j, ++values) {
      if (format_ == OutputFormat::npy) {
        append_npy(*values);
        continue;
      }
      if (j > 0) text_ += ',';
      append_csv(j, *values);
    }
    if (format_ == OutputFormat::csv) text_ += '\n';
  }
  file_.put(first, text_);
}

void RowTable::append_csv(Index column, double value) {
  const auto at = static_cast<std::size_t>(column);
  if (at < level_cells_.size() && !level_cells_[at].empty()) {
    // A category; what is missing is an empty cell.
    if (!std::isnan(value)) text_ += level_cells_[at][static_cast<std::size_t>(value)];
  } else if (!label_cells_.empty()) {
    text_ += label_cells_[static_cast<std::size_t>(value)];
  } else if (column_.is_integer()) {
    fmt::format_to(std::back_inserter(text_), "{}",
                   static_cast<std::int64_t>(column_.number(value)));
  } else {
    text_ += format_double(column_.number(value));
  }
}

void RowTable::append_npy(double value) {
  if (!label_cells_.empty()) {
    text_ += label_cells_[static_cast<std::size_t>(value)];
  } else if (column_.is_integer()) {
    append_bytes(text_, static_cast<std::int64_t>(column_.number(value)));
  } else {
    append_bytes(text_, column_.number(value));
  }
}

void RowTable::commit() { file_.commit(format_ == OutputFormat::csv ? csv_head() : npy_head()); }

std::string RowTable::csv_head() const {
  const std::string method(method_name(method_));
  const bool is_by_class = classes_ != nullptr && column_.width() == classes_->size() &&
                           (column_.width() > 1 || method_ == Method::predict_proba);
  std::string head;
  for (Index j = 0; j < column_.width(); ++j) {
    std::string name = method;
    if (j < std::ssize(names_)) {
      name = names_[static_cast<std::size_t>(j)];
    } else if (is_by_class) {
      name = fmt::format("{}_{}", method, classes_->text(j));
    } else if (column_.width() > 1 || method_ == Method::transform) {
      name = fmt::format("{}_{}", method, j);
    }
    head += (j > 0 ? "," : "") + csv_cell(name);
  }
  return head + "\n";
}

std::string RowTable::npy_head() const {
  std::string type = column_.is_integer() ? "<i8" : "<f8";
  if (!label_cells_.empty()) type = fmt::format("<U{}", label_cells_.front().size() / 4);
  const bool is_table =
      column_.width() > 1 || method_ == Method::transform || method_ == Method::predict_proba;
  const std::string shape =
      is_table ? fmt::format("({}, {})", rows_, column_.width()) : fmt::format("({},)", rows_);
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
  constexpr std::size_t before = 10;  // magic, version, length
  constexpr std::size_t alignment = 64;
  while ((before + text.size() + 1) % alignment != 0) text += ' ';
  text += '\n';
  std::string head("\x93NUMPY\x01\x00", 8);
  append_bytes(head, static_cast<std::uint16_t>(text.size()));
  return head + text;
}

}  // namespace superstep
