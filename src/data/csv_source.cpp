// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_source.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "data/csv_rows.hpp"
#include "data/csv_types.hpp"
#include "io/quick_number.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

}  // namespace

CsvSource::CsvSource(std::vector<std::unique_ptr<Unpacked>> unpacked, CsvFile file,
                     CsvColumns columns, CsvIndex index, RowFormat format)
    : unpacked_(std::move(unpacked)),
      file_(std::move(file)),
      columns_(std::move(columns)),
      index_(std::move(index)),
      format_(std::move(format)),
      has_plain_numbers_(columns_.style.has_plain_numbers()) {
  for (const TableColumn& column : format_.table) {
    TextSet& levels = levels_.emplace_back();
    for (const std::string& level : column.levels) levels.add(level);
  }
  for (Index c = 0; c < columns_.size(); ++c) {
    if (columns_.role_of(c) != Role::feature) continue;
    const auto& date = columns_.forced_of(c).date;
    dates_.push_back(date ? &*date : nullptr);
  }
}

void CsvSource::read(Index first, Index count, const RowSpan& out) const {
  if (count == 0) return;
  const auto after = std::ranges::upper_bound(index_.first_row, first);
  const auto piece = static_cast<std::size_t>(after - index_.first_row.begin() - 1);
  try {
    CsvRows rows(file_, columns_, index_.offset[piece]);
    for (Index row = index_.first_row[piece]; row < first; ++row) require(rows.skip());
    for (Index i = 0; i < count; ++i) {
      require(rows.next());
      put(rows.fields(), i, out);
    }
  } catch (const CsvProblem&) {
    require(false);
  }
}

void CsvSource::require(bool is_as_before) const {
  if (is_as_before) return;
  throw FileError(
      fmt::format("'{}' changed while it was read; wait until nobody writes to it", file_.path()));
}

void CsvSource::put(std::span<const CsvField> fields, Index i, const RowSpan& out) const {
  double* x = format_.is_table() ? nullptr : out.x + i * format_.columns;
  Index feature = 0;
  for (std::size_t c = 0; c < fields.size(); ++c) {
    switch (columns_.roles[c]) {
      case Role::dropped:
        break;
      case Role::target:
        out.y[i] = target(fields[c]);
        break;
      case Role::one_of_targets:
        out.y[i * format_.target.columns + place_of(static_cast<Index>(c))] = number(fields[c]);
        break;
      case Role::weight:
        out.weight[i] = number(fields[c]);
        break;
      case Role::feature:
        if (x != nullptr) {
          *x++ = number(fields[c]);
        } else {
          put_value(fields[c], feature, i, out.table[static_cast<std::size_t>(feature)]);
          ++feature;
        }
        break;
    }
  }
}

void CsvSource::put_value(const CsvField& field, Index feature, Index i,
                          const ColumnSpan& out) const {
  const StoredKind kind = format_.table[static_cast<std::size_t>(feature)].kind;
  if (has_plain_numbers_ && kind == StoredKind::number) {
    if (const auto value = quick_number(field.text)) {
      out.numbers[i] = *value;
      return;
    }
  }
  if (has_plain_numbers_ && kind == StoredKind::int64) {
    if (const auto value = quick_whole_number(field.text)) {
      out.integers[i] = *value;
      return;
    }
  }
  const NumberStyle& style = columns_.style.numbers;
  const bool is_missing = is_missing_value(field, columns_.style);
  // What no value may be missing of; else nothing is what it was.
  const auto required = [&](const auto& value) {
    require(value.has_value() && !is_missing);
    return *value;
  };
  switch (kind) {
    case StoredKind::number:
      out.numbers[i] = is_missing ? std::numeric_limits<double>::quiet_NaN() : number(field);
      break;
    case StoredKind::int64:
      out.integers[i] = required(parse_int64(field.text, style));
      break;
    case StoredKind::uint64:
      out.naturals[i] = required(parse_uint64(field.text, style));
      break;
    case StoredKind::boolean:
      out.flags[i] = required(parse_boolean(field.text)) ? 1 : 0;
      break;
    case StoredKind::date:
      out.integers[i] = missing_date;
      if (!is_missing) out.integers[i] = required(date_of(field, feature));
      break;
    case StoredKind::category:
      out.codes[i] = is_missing ? -1 : code_of(field, feature);
      break;
    case StoredKind::text: {
      std::string converted;
      const std::string_view text =
          is_missing ? std::string_view() : columns_.style.text(field.text, converted);
      out.texts->bytes += text;
      out.texts->sizes.push_back(std::ssize(text));
      break;
    }
  }
}

std::int32_t CsvSource::code_of(const CsvField& field, Index feature) const {
  const TextSet& levels = levels_[static_cast<std::size_t>(feature)];
  std::string converted;
  Index code = levels.find(columns_.style.text(field.text, converted));
  if (code < 0) {  // a boolean with gaps may be written in other letters
    const auto boolean = parse_boolean(field.text);
    if (boolean) code = levels.find(*boolean ? "True" : "False");
  }
  require(code >= 0);
  return static_cast<std::int32_t>(code);
}

std::optional<std::int64_t> CsvSource::date_of(const CsvField& field, Index feature) const {
  const DateFormat* const format = dates_[static_cast<std::size_t>(feature)];
  return format == nullptr ? parse_date(field.text) : format->parse(field.text);
}

double CsvSource::number(const CsvField& field) const {
  if (has_plain_numbers_) {
    if (const auto value = quick_number(field.text)) return *value;
  }
  const std::optional<double> value = feature_number(field, columns_.style);
  require(value.has_value());
  return *value;
}

/// Among the targets.
Index CsvSource::place_of(Index column) const {
  return std::ranges::find(columns_.targets, column) - columns_.targets.begin();
}

double CsvSource::target(const CsvField& field) const {
  const std::vector<std::string>& names = format_.target.names;
  if (format_.target.kind == TargetFormat::Kind::names) {
    std::string converted;
    const std::string_view text = columns_.style.text(field.text, converted);
    const auto found = std::ranges::lower_bound(
        names, text, {}, [](const std::string& name) { return std::string_view(name); });
    require(found != names.end() && *found == text);
    return static_cast<double>(found - names.begin());
  }
  if (has_plain_numbers_) {
    if (const auto value = quick_number(field.text)) return *value;
  }
  if (is_missing_label(field, columns_.style)) {
    require(format_.target.kind == TargetFormat::Kind::real);
    return std::numeric_limits<double>::quiet_NaN();
  }
  const std::optional<double> value = label_number(field, columns_.style);
  require(value.has_value());
  return *value;
}

}  // namespace superstep
