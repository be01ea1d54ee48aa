// SPDX-License-Identifier: BSD-3-Clause
#include "data/table_rows.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "data/shared_layouts.hpp"

namespace superstep {

namespace {

/// Numbers that may be missing are kept as doubles, as `import` does.
StoredKind stored_kind(const FrameColumn& column) {
  switch (column.kind) {
    case ColumnKind::category:
      return StoredKind::category;
    case ColumnKind::text:
      return StoredKind::text;
    case ColumnKind::date:
      return column.mask ? StoredKind::number : StoredKind::date;
    case ColumnKind::boolean:
      return column.mask ? StoredKind::number : StoredKind::boolean;
    case ColumnKind::integer:
      if (column.mask) return StoredKind::number;
      return column.values.type.kind == ElementKind::unsigned_integer ? StoredKind::uint64
                                                                      : StoredKind::int64;
    case ColumnKind::real:
      break;
  }
  return StoredKind::number;
}

FrameLayout frame_of(const Communicator& comm, const Dataset& data) {
  DataLayout layout = shared_data_layout(comm, data.path(), {data.options().x}, {});
  if (layout.frame) return std::move(*layout.frame);
  throw AgreedError(
      ExitCode::file,
      fmt::format("{} was written to while it was read; wait until nobody does", data.path()));
}

}  // namespace

TableRows::TableRows(const Communicator& comm, const Dataset& data) : blocks_(data.blocks()) {
  const FrameLayout frame = frame_of(comm, data);
  for (const Column& column : data.schema().columns()) {
    const auto from = std::ranges::find(frame.columns, column.name, &FrameColumn::name);
    if (from == frame.columns.end()) {
      throw FileError(fmt::format("{} has no column '{}' any more", frame.where(), column.name));
    }
    TableColumn& to = columns_.emplace_back(TableColumn{column.name, stored_kind(*from)});
    if (column.levels) to.levels = *column.levels;
    if (to.kind == StoredKind::date) to.unit = column.unit;
    if (to.kind != StoredKind::text) continue;
    Text text{RowReader(from->values)};
    if (from->ends) text.ends.emplace(*from->ends);
    texts_.push_back(std::move(text));
  }
}

void TableRows::read_texts(Index block, std::span<const std::int32_t> rows,
                           std::vector<TextRows>& into) const {
  into.resize(texts_.size());
  for (std::size_t t = 0; t < texts_.size(); ++t) {
    into[t].bytes.clear();
    into[t].sizes.clear();
    read_text(texts_[t], block, rows, into[t]);
  }
}

void TableRows::read_text(const Text& text, Index block, std::span<const std::int32_t> rows,
                          TextRows& into) const {
  const Index first = blocks_.first_row(block);
  const Index count = blocks_.rows_of(block);
  const auto add = [&](std::string_view one) {
    into.bytes += one;
    into.sizes.push_back(std::ssize(one));
  };
  if (!text.ends) {
    const std::vector<std::string> all = text.values.read_strings(first, count);
    for (const std::int32_t row : rows) add(all[static_cast<std::size_t>(row)]);
    return;
  }
  std::vector<double> ends(static_cast<std::size_t>(count) + 1);
  text.ends->read_rows(first, std::ssize(ends), ends.data());
  const bool is_sound = std::ranges::is_sorted(ends) && ends.front() >= 0.0 &&
                        ends.back() <= static_cast<double>(text.values.rows());
  if (!is_sound) {
    throw FileError(
        fmt::format("{} is damaged: the places where the texts of rows {} to {} end do not ascend; "
                    "write it again",
                    text.ends->layout().where(), first, first + count - 1));
  }
  const auto begin = static_cast<Index>(ends.front());
  std::vector<double> values(static_cast<std::size_t>(static_cast<Index>(ends.back()) - begin));
  if (!values.empty()) text.values.read_rows(begin, std::ssize(values), values.data());
  std::string bytes(values.size(), '\0');
  std::ranges::transform(values, bytes.begin(),
                         [](double v) { return static_cast<char>(static_cast<unsigned char>(v)); });
  for (const std::int32_t row : rows) {
    const auto at = static_cast<std::size_t>(row);
    const auto from = static_cast<std::size_t>(static_cast<Index>(ends[at]) - begin);
    const auto size = static_cast<std::size_t>(ends[at + 1] - ends[at]);
    add(std::string_view(bytes).substr(from, size));
  }
}

void TableRows::put(const StoredBlock& from, Index row, Index to,
                    std::span<const ColumnSpan> out) const {
  const auto columns = std::ssize(columns_);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].kind == StoredKind::text) continue;
    const Index at = row * columns + static_cast<Index>(c);
    const double value = from.x64.size() > 0 ? from.x64.data()[at] : double{from.x32.data()[at]};
    const bool is_missing = std::isnan(value);
    switch (columns_[c].kind) {
      case StoredKind::number:
        out[c].numbers[to] = value;
        break;
      case StoredKind::int64:
        out[c].integers[to] = static_cast<std::int64_t>(value);
        break;
      case StoredKind::date:
        out[c].integers[to] = is_missing ? missing_date : static_cast<std::int64_t>(value);
        break;
      case StoredKind::uint64:
        out[c].naturals[to] = static_cast<std::uint64_t>(value);
        break;
      case StoredKind::boolean:
        out[c].flags[to] = value != 0.0 ? 1 : 0;
        break;
      case StoredKind::category:
        out[c].codes[to] = is_missing ? -1 : static_cast<std::int32_t>(value);
        break;
      case StoredKind::text:
        break;
    }
  }
}

}  // namespace superstep
