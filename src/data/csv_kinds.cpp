// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_kinds.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/csv_look.hpp>

namespace superstep {

namespace {

using Role = CsvColumns::Role;

std::string quoted(const CsvText& cell) { return Value(cell.text).repr(); }

/// A cell that is not what was asked for.
[[noreturn]] void refuse_misfit(const CsvColumns& columns, Index column, const CsvText& cell) {
  throw DataError(fmt::format("{} line {}: {} holds {}, {}", cell.path, cell.line,
                              columns.describe(column), quoted(cell), columns.wanted(column)));
}

void require_number(const std::string& path, const CsvColumns& columns, Index column,
                    const CsvColumnFindings& found) {
  const auto& cell = found.at(CsvPlace::not_number);
  if (!cell) return;
  throw DataError(
      fmt::format("{}: {} is not numeric: row {} ({}) holds {}; a weight and each "
                  "of several targets are numbers",
                  path, columns.describe(column), cell->row, cell->place(), quoted(*cell)));
}

/// A number as another country writes it, in a file whose one column is text.
void require_columns(const std::string& path, const CsvColumns& columns,
                     const CsvColumnFindings& found) {
  const auto& cell = found.at(CsvPlace::not_number);
  if (columns.size() > 1 || !cell || columns.forced_of(0).kind) return;
  const std::string way = way_of_writing(cell->text);
  if (way.empty()) return;
  throw DataError(
      fmt::format("{}: {} is not numeric: row {} ({}) holds {}; {}, or say that it "
                  "is text (--types {}=text)",
                  path, columns.describe(0), cell->row, cell->place(), quoted(*cell), way,
                  columns.option_word(0)));
}

StoredKind kind_of(const CsvColumnFindings& found, const CsvColumns::Forced& forced) {
  if (forced.kind == StoredKind::int64 && (found.types & can_be::int64) == 0) {
    return StoredKind::uint64;
  }
  if (forced.kind) return *forced.kind;
  if (is_text(found, forced)) {
    const bool is_free = found.has_too_many || 2 * std::ssize(found.texts) > found.values;
    return is_free ? StoredKind::text : StoredKind::category;
  }
  if (found.values == 0) return StoredKind::number;
  if ((found.types & can_be::whole) != 0 && found.missing == 0) {
    return (found.types & can_be::int64) != 0 ? StoredKind::int64 : StoredKind::uint64;
  }
  if ((found.types & can_be::number) != 0) return StoredKind::number;
  if ((found.types & can_be::boolean) == 0) return StoredKind::date;
  return found.missing == 0 ? StoredKind::boolean : StoredKind::category;
}

TableColumn table_column(const std::string& path, const CsvColumns& columns, Index c,
                         const CsvColumnFindings& found) {
  const auto& misfit = found.at(CsvPlace::misfit);
  if (misfit) refuse_misfit(columns, c, *misfit);
  TableColumn column{columns.names[static_cast<std::size_t>(c)],
                     kind_of(found, columns.forced_of(c))};
  const bool is_boolean = column.kind == StoredKind::category && !found.is_collected;
  if (is_boolean) {  // with gaps
    if ((found.marks & has::false_word) != 0) column.levels.emplace_back("False");
    if ((found.marks & has::true_word) != 0) column.levels.emplace_back("True");
    return column;
  }
  if (column.kind != StoredKind::category && column.kind != StoredKind::text) return column;
  if (const auto& bad = found.at(CsvPlace::bad_text)) {
    throw DataError(fmt::format(
        "{} line {}: {}, {}, is no UTF-8 text; if the file is Latin-1 (Western European, "
        "Excel) give --encoding latin-1",
        bad->path, bad->line, columns.describe(c), Value(printable(bad->text)).repr()));
  }
  if (column.kind == StoredKind::text) {
    column.text_bytes = found.text_bytes;
  } else if (found.has_too_many) {
    throw DataError(
        fmt::format("{}: {} holds more than {} different texts or {} of them, too many "
                    "for a category (--types {}=text)",
                    path, columns.describe(c), format_count(most_levels),
                    format_bytes(most_level_bytes), columns.option_word(c)));
  } else {
    column.levels = found.texts;
  }
  return column;
}

void require_matrix(const std::string& path, const CsvColumns& columns, Index c,
                    const CsvColumnFindings& found, const TableColumn& column) {
  if (column.kind < StoredKind::date) return;
  const auto& cell = found.at(CsvPlace::not_number);
  const std::string seen =
      cell ? fmt::format(": row {} ({}) holds {}", cell->row, cell->place(), quoted(*cell)) : "";
  throw DataError(
      fmt::format("{}: {} is not numeric{}; --layout matrix takes numbers alone: leave "
                  "it out with --drop {}, or leave out --layout",
                  path, columns.describe(c), seen, columns.option_word(c)));
}

/// Says the first few of many such things.
class Notes {
 public:
  explicit Notes(ImportedSource& imported) : imported_(imported) {}
  void add(std::string text) {
    if (++n_ <= most_) imported_.notes.push_back(std::move(text));
  }
  ~Notes() {
    if (n_ > most_) {
      imported_.notes.push_back(fmt::format("so are {} more columns", format_count(n_ - most_)));
    }
  }

 private:
  static constexpr Index most_ = 8;
  ImportedSource& imported_;
  Index n_ = 0;
};

std::string such_cells(Index n) {
  return fmt::format("{} such cell{}", format_count(n), n == 1 ? "" : "s");
}

/// Why a column is text though most of its cells are not; nothing where they are.
std::string why_text(const CsvColumns& columns, Index c, const CsvColumnFindings& found) {
  const auto because = [&](const CsvText& cell, Index n, const char* type) {
    return fmt::format(
        "{} is text because of {} in {} ({}); --na {} takes it for missing, "
        "--types {}={} refuses it",
        columns.describe(c), quoted(cell), cell.place(), such_cells(n),
        cell.text.find_first_of(", ") == std::string::npos ? fmt::format("'{}'", cell.text)
                                                           : std::string("WORD"),
        columns.option_word(c), type);
  };
  const auto& no_number = found.at(CsvPlace::not_number);
  if (!no_number) {
    return fmt::format(
        "{} is text because its whole numbers are beyond 64 bits; --types {}=float "
        "rounds them",
        columns.describe(c), columns.option_word(c));
  }
  if (2 * found.numbers > found.values) {
    return because(*no_number, found.values - found.numbers, "float");
  }
  const auto& no_date = found.at(CsvPlace::not_date);
  if (no_date && 2 * found.dates > found.values) {
    return because(*no_date, found.values - found.dates, "date");
  }
  const std::string way = way_of_writing(no_number->text);
  if (way.empty()) return "";
  return fmt::format("{} is text: {} in {}; {}", columns.describe(c), quoted(*no_number),
                     no_number->place(), way);
}

std::string counts_of_kinds(const std::vector<TableColumn>& features, bool is_float32) {
  std::map<std::pair<StoredKind, std::string>, Index> counts;
  for (const TableColumn& f : features) {
    ++counts[{f.kind, stored_kind_name(f.kind, is_float32)}];
  }
  std::vector<std::string> words;
  for (const auto& [kind, n] : counts) {
    words.push_back(fmt::format("{} {}", format_count(n), kind.second));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void note_texts(const CsvColumns& columns, Index c, const CsvColumnFindings& found,
                const TableColumn& feature, Notes& notes) {
  const auto n = std::ssize(found.texts);
  if (feature.kind == StoredKind::category && found.is_collected) {
    if (n == found.values && n > 1) {
      notes.add(
          fmt::format("{} is a category of as many levels as rows: a key, perhaps (--drop {})",
                      columns.describe(c), columns.option_word(c)));
    }
    return;
  }
  if (feature.kind != StoredKind::text || columns.forced_of(c).kind) return;
  const std::string different =
      found.has_too_many
          ? "more than a category may have"
          : fmt::format("{} different in {} rows", format_count(n), format_count(found.values));
  notes.add(fmt::format(
      "{} is free text ({}): for TfidfVectorizer() and its like (--types {}=category, or --drop)",
      columns.describe(c), different, columns.option_word(c)));
}

void note_numbers(const CsvColumns& columns, Index c, const CsvColumnFindings& found,
                  const TableColumn& feature, Notes& zeros, Notes& zones) {
  const bool is_number = feature.kind <= StoredKind::uint64;
  const auto& zero = found.at(CsvPlace::leading_zero);
  if (is_number && zero) {
    zeros.add(fmt::format("{} lost leading zeros ({} in {}): --types {}=category keeps them",
                          columns.describe(c), quoted(*zero), zero->place(),
                          columns.option_word(c)));
  }
  if (feature.kind != StoredKind::date) return;
  if ((found.marks & has::zone) != 0) {
    zones.add(fmt::format("times of {} have zones: they became UTC", columns.describe(c)));
  }
  if ((found.marks & has::nanoseconds) != 0) {
    zones.add(fmt::format("times of {} lost what is finer than microseconds", columns.describe(c)));
  }
}

}  // namespace

std::string stored_kind_name(StoredKind kind, bool is_float32) {
  switch (kind) {
    case StoredKind::number:
      return is_float32 ? "float32" : "float64";
    case StoredKind::int64:
      return "int64";
    case StoredKind::uint64:
      return "uint64";
    case StoredKind::boolean:
      return "bool";
    case StoredKind::date:
      return "date";
    case StoredKind::category:
      return "category";
    case StoredKind::text:
      break;
  }
  return "text";
}

std::vector<TableColumn> table_columns(const std::string& path, const CsvColumns& columns,
                                       const CsvFindings& findings, const CsvOptions& options) {
  require_columns(path, columns, findings.columns.front());
  std::vector<TableColumn> features;
  for (Index c = 0; c < columns.size(); ++c) {
    const CsvColumnFindings& found = findings.columns[static_cast<std::size_t>(c)];
    const Role role = columns.role_of(c);
    if (role == Role::weight || role == Role::one_of_targets) {
      require_number(path, columns, c, found);
    }
    if (role != Role::feature) continue;
    features.push_back(table_column(path, columns, c, found));
    if (options.layout == CsvOptions::Layout::matrix) {
      require_matrix(path, columns, c, found, features.back());
    }
  }
  return features;
}

bool needs_table(const std::vector<TableColumn>& features, const CsvOptions& options) {
  if (options.layout == CsvOptions::Layout::table) return true;
  return std::ranges::any_of(features,
                             [](const TableColumn& f) { return f.kind >= StoredKind::date; });
}

void add_notes_of_kinds(const CsvColumns& columns, const CsvFindings& findings,
                        const std::vector<TableColumn>& features, const CsvOptions& options,
                        ImportedSource& imported) {
  if (needs_table(features, options)) {
    imported.notes.push_back(fmt::format("the features become a table, /table: {}",
                                         counts_of_kinds(features, options.is_float32)));
  }
  Notes reasons(imported), texts(imported), zeros(imported), zones(imported);
  std::size_t at = 0;
  for (Index c = 0; c < columns.size(); ++c) {
    if (columns.role_of(c) != Role::feature) continue;
    const CsvColumnFindings& found = findings.columns[static_cast<std::size_t>(c)];
    const TableColumn& feature = features[at++];
    const std::string why =
        !columns.forced_of(c).kind && is_text(found, {}) ? why_text(columns, c, found) : "";
    if (!why.empty()) {
      reasons.add(why);
    } else {
      note_texts(columns, c, found, feature, texts);
    }
    note_numbers(columns, c, found, feature, zeros, zones);
  }
}

}  // namespace superstep
