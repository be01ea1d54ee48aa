// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/csv_look.hpp>

#include <algorithm>
#include <set>
#include <span>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include "data/csv_cells.hpp"
#include "data/csv_columns.hpp"

namespace superstep {

namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{32} << 20;
constexpr std::size_t most_letters = 40;  ///< of a cell that is kept

/// One column on the way.
struct Look {
  Index column;
  CsvColumnLook found{};
  std::set<std::uint64_t> levels{};  ///< their hashes

  void add(const CsvField& field, const CellStyle& style) {
    if (is_missing_label(field, style)) {
      ++found.missing;
      return;
    }
    const bool is_number = feature_number(field, style).has_value();
    ++(is_number ? found.numbers : found.texts);
    if (!is_number && found.texts == 1) found.first_text = style.text(field.text);
    if (found.has_many_levels()) return;
    if (!levels.insert(hash_bytes(field.text.data(), field.text.size())).second) return;
    ++found.levels;
    if (found.first.size() < CsvColumnLook::most_kept) {
      found.first.push_back(shorten(style.text(field.text), most_letters));
    }
  }
};

/// Most cells are numbers, or it looks like what stands for a missing one.
bool is_mark(const CsvColumnLook& c) {
  static constexpr std::string_view marks[] = {"?", "-", "--", ".", "*", "missing", "unknown"};
  return c.numbers > c.texts || std::ranges::find(marks, c.first_text) != std::end(marks);
}

CsvLook look_at(const CsvFile& file, const CsvColumns& columns) {
  std::vector<Look> looks;
  for (Index c = 0; c < columns.size(); ++c) {
    looks.push_back({c});
    looks.back().found.name =
        Value(shorten(columns.names[static_cast<std::size_t>(c)], most_letters)).repr();
  }
  CsvLook result;
  CsvCursor cursor(file, file.text_begin());
  try {
    result.is_all = !cursor.next();  // the header
    while (!result.is_all) {
      result.is_all = !cursor.next();
      if (result.is_all || cursor.offset() - file.text_begin() > most_bytes) break;
      ++result.rows;
      std::span<const CsvField> fields = cursor.fields();
      for (Look& look : looks) {
        if (look.column < std::ssize(fields)) {
          look.add(fields[static_cast<std::size_t>(look.column)], columns.style);
        }
      }
    }
  } catch (const CsvProblem& problem) {
    throw problem_error(file, problem);
  }
  for (Look& look : looks) result.columns.push_back(std::move(look.found));
  return result;
}

}  // namespace

CsvLook look_at_csv(const std::string& path) {
  CsvFile file({CsvPart{path}}, csv_delimiter(path));
  CsvOptions options;
  options.has_target = false;
  const CsvColumns columns = read_columns(file, options);
  return look_at(file, columns);
}

std::string way_of_writing(const std::string& cell) {
  // A line of numbers in one cell, or numbers as another country writes them.
  if (cell.find_first_of(" \t") != std::string::npos &&
      cell.find_first_not_of("0123456789.+-eE \t") == std::string::npos) {
    return "if blanks separate the fields give --delimiter blanks";
  }
  if (parse_cell(cell, {.decimal = ','}) || parse_cell(cell, {.thousands = ','})) {
    return "if its comma is the decimal point give --decimal ',', if it groups thousands "
           "--thousands ','";
  }
  return "";
}

std::vector<std::string> advice_for(std::span<const CsvColumnLook> texts) {
  std::vector<std::string> ways;
  for (const CsvColumnLook& c : texts) {
    std::string way = way_of_writing(c.first_text);
    if (is_mark(c)) {
      const std::string mark = shorten(c.first_text, most_letters);
      way = fmt::format("if {} in {} stands for a missing value give --na '{}'", Value(mark).repr(),
                        c.name, mark);
    }
    if (!way.empty() && std::ranges::find(ways, way) == ways.end()) ways.push_back(std::move(way));
  }
  return ways;
}

}  // namespace superstep
