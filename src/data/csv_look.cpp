// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/csv_look.hpp>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include "data/csv_cells.hpp"
#include "data/csv_columns_look.hpp"

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

/// "'city' and 'name'", the first few, each with what `more` says of it.
template <class F>
std::string listed(const std::vector<const CsvColumnLook*>& columns, F&& more) {
  constexpr std::size_t most = 5;
  std::vector<std::string> words;
  for (const CsvColumnLook* c : columns) {
    if (words.size() < most) words.push_back(c->name + more(*c));
  }
  if (columns.size() > most) words.push_back(fmt::format("{} more", columns.size() - most));
  return join(words, "and");
}

std::string listed(const std::vector<const CsvColumnLook*>& columns) {
  return listed(columns, [](const CsvColumnLook&) { return std::string(); });
}

bool is_date(const std::string& cell) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return cell.size() >= 10 && cell[4] == '-' && cell[7] == '-' &&
         std::all_of(cell.begin(), cell.begin() + 4, is_digit);
}

/// Most cells are numbers, or it looks like what stands for a missing one.
bool is_mark(const CsvColumnLook& c) {
  static constexpr std::string_view marks[] = {"?", "-", "--", ".", "*", "missing", "unknown"};
  return c.numbers > c.texts || std::ranges::find(marks, c.first_text) != std::end(marks);
}

/// Numbers as others write them; nothing for what are none.
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

std::string way_of_few(const std::vector<const CsvColumnLook*>& few) {
  if (few.size() == 1) {
    return fmt::format(
        "{} has {} different cell{}: categories carry information, write them as one column of 0 "
        "and 1 each (pandas.get_dummies)",
        few.front()->name, few.front()->levels, few.front()->levels == 1 ? "" : "s");
  }
  bool is_first = true;
  const std::string all = listed(few, [&](const CsvColumnLook& c) {
    return fmt::format(" ({}{})", c.levels,
                       std::exchange(is_first, false) ? " different cells" : "");
  });
  return fmt::format(
      "{} are categories: they carry information, write them as one column of 0 and 1 each "
      "(pandas.get_dummies)",
      all);
}

std::string way_of_many(const std::vector<const CsvColumnLook*>& many, bool drops) {
  std::string text =
      fmt::format("{} {} more than {} different cells{}, too many for columns of 0 and 1",
                  listed(many), many.size() == 1 ? "has" : "have", CsvColumnLook::most_levels,
                  many.size() == 1 ? "" : " each");
  if (!drops) return text;
  constexpr std::size_t most_named = 10;
  text += many.size() == 1 ? ": leave it out with --drop " : ": leave them out with --drop ";
  for (std::size_t i = 0; i < std::min(many.size(), most_named); ++i) {
    text += (i == 0 ? "" : ",") + many[i]->word;
  }
  return text + (many.size() > most_named ? ",..." : "");
}

}  // namespace

CsvLook look_at(const CsvFile& file, const CsvColumns& columns, const std::vector<Index>& which) {
  std::vector<Look> looks;
  for (const Index c : which) {
    looks.push_back({c});
    const bool has_name = !columns.names.empty();
    looks.back().found.name =
        has_name ? Value(shorten(columns.names[static_cast<std::size_t>(c)], most_letters)).repr()
                 : fmt::format("column {}", c);
    looks.back().found.word = columns.option_word(c);
  }
  CsvLook result;
  CsvCursor cursor(file, file.text_begin());
  try {
    result.is_all = !(columns.names.empty() || cursor.next());
    while (!result.is_all) {
      result.is_all = !cursor.next();
      if (result.is_all || cursor.offset() - file.text_begin() > most_bytes) break;
      ++result.rows;
      const std::vector<CsvField>& fields = cursor.fields();
      for (Look& look : looks) {
        if (look.column < std::ssize(fields)) {
          look.add(fields[static_cast<std::size_t>(look.column)], columns.style);
        }
      }
    }
  } catch (const CsvProblem& problem) {
    throw DataError(fmt::format("{} line {} {}", file.path(),
                                1 + file.count(file.text_begin(), problem.offset).lines,
                                problem.what));
  }
  for (Look& look : looks) result.columns.push_back(std::move(look.found));
  return result;
}

CsvLook look_at_csv(const std::string& path) {
  const CsvFile file(path, csv_delimiter(path));
  CsvOptions options;
  options.has_target = false;
  const CsvColumns columns = read_columns(file, options);
  std::vector<Index> all;
  for (Index c = 0; c < columns.size(); ++c) all.push_back(c);
  return look_at(file, columns, all);
}

std::vector<std::string> ways_to_numbers(std::span<const CsvColumnLook> texts, bool drops) {
  std::vector<const CsvColumnLook*> dates, few, many;
  std::vector<std::string> ways;
  const auto add = [&](std::string way) {
    if (std::ranges::find(ways, way) == ways.end()) ways.push_back(std::move(way));
  };
  for (const CsvColumnLook& c : texts) {
    if (is_date(c.first_text)) {
      dates.push_back(&c);
    } else if (is_mark(c)) {
      const std::string mark = shorten(c.first_text, most_letters);
      add(fmt::format("if {} in {} stands for a missing value give --na '{}'", Value(mark).repr(),
                      c.name, mark));
    } else if (std::string way = way_of_writing(c.first_text); !way.empty()) {
      add(std::move(way));
    } else {
      (c.has_many_levels() ? many : few).push_back(&c);
    }
  }
  if (!dates.empty()) {
    add(
        fmt::format("{} {} dates: dates must become numbers first (pandas: "
                    "to_datetime(column).astype('int64'), "
                    "or year, month and weekday)",
                    listed(dates), dates.size() == 1 ? "holds" : "hold"));
  }
  if (!few.empty()) add(way_of_few(few));
  if (!many.empty()) add(way_of_many(many, drops));
  return ways;
}

}  // namespace superstep
