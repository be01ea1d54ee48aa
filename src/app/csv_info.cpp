// SPDX-License-Identifier: BSD-3-Clause
#include "app/csv_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/csv_look.hpp>

namespace superstep::app {

namespace {

constexpr std::size_t most_letters = 40;

bool is_mostly_numbers(const CsvColumnLook& column) {
  return column.texts > 0 && column.numbers > column.texts;
}

const char* kind_of(const CsvColumnLook& column) {
  if (column.texts > 0 && !is_mostly_numbers(column)) return "text";
  return column.numbers > 0 ? "numbers" : "empty";
}

/// "text, 3 different: 'S', 'C', 'Q'; 2 missing".
std::string said_of(const CsvColumnLook& column) {
  std::string text = kind_of(column);
  if (column.levels > 0 && !is_mostly_numbers(column)) {
    text += column.has_many_levels() ? fmt::format(", more than {}", CsvColumnLook::most_levels)
                                     : fmt::format(", {}", column.levels);
    text += " different";
  }
  if (is_mostly_numbers(column)) {
    text += fmt::format(" but for {} cell{}, the first of them {}", format_count(column.texts),
                        column.texts == 1 ? "" : "s",
                        Value(shorten(column.first_text, most_letters)).repr());
  } else if (column.texts > 0) {
    std::vector<std::string> first;
    for (const std::string& level : column.first) first.push_back(Value(level).repr());
    const bool has_more = column.levels > std::ssize(first);
    text += fmt::format(": {}{}", fmt::join(first, ", "), has_more ? ", ..." : "");
  }
  if (column.missing > 0) text += fmt::format("; {} missing", format_count(column.missing));
  return text;
}

Json json_of(const CsvColumnLook& column) {
  Json json = Json::object();
  json.set("name", column.name)
      .set("holds", is_mostly_numbers(column) ? "numbers and text" : kind_of(column))
      .set("different", column.has_many_levels() ? Json() : Json(column.levels))
      .set("missing", column.missing);
  return json;
}

/// What to type, with the columns that may be the target in mind.
std::string next_step(const std::string& path) {
  const std::string file = std::filesystem::path(path).replace_extension(".h5").string();
  return fmt::format("no dataset yet: superstep import {} {} --target NAME makes one", path, file);
}

}  // namespace

bool is_called_csv(const std::string& path) {
  const std::string name = to_lower(path);
  return name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".tab");
}

Report describe_csv(const std::string& path) {
  constexpr std::size_t most_shown = 60;
  const CsvLook look = look_at_csv(path);
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
  Report report;
  report.text =
      fmt::format("{}: CSV, {} columns, {}{} rows, {}\n", path, look.columns.size(),
                  look.is_all ? "" : "more than ", format_count(look.rows), format_bytes(bytes));
  std::size_t width = 0;
  for (const CsvColumnLook& c : look.columns) width = std::max(width, c.name.size());
  Json columns = Json::array();
  std::vector<CsvColumnLook> texts;
  for (std::size_t i = 0; i < look.columns.size(); ++i) {
    const CsvColumnLook& c = look.columns[i];
    columns.push_back(json_of(c));
    if (c.texts > 0) texts.push_back(c);
    if (i < most_shown) report.text += fmt::format("  {:<{}}  {}\n", c.name, width, said_of(c));
  }
  if (look.columns.size() > most_shown) {
    report.text += fmt::format("  and {} more\n", look.columns.size() - most_shown);
  }
  report.text += fmt::format("\n{}\n", next_step(path));
  for (const std::string& way : advice_for(texts)) report.text += fmt::format("  {}\n", way);
  report.json.set("file", path)
      .set("kind", "csv")
      .set("file_bytes", bytes)
      .set("rows", look.is_all ? Json(look.rows) : Json())
      .set("rows_looked_at", look.rows)
      .set("columns", std::move(columns));
  return report;
}

}  // namespace superstep::app
