// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_columns.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/suggest.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include "data/csv_types.hpp"

namespace superstep {

void require_utf8(const std::string& text, const std::string& what, const std::string& path) {
  if (is_utf8(text)) return;
  throw DataError(
      fmt::format("{}: {}, {}, is no UTF-8 text; if the file is Latin-1 (Western European, Excel) "
                  "give --encoding latin-1",
                  path, what, Value(printable(text)).repr()));
}

namespace {

using Role = CsvColumns::Role;

/// What a cell is, for the message that it is not.
const char* kind_words(StoredKind kind) {
  switch (kind) {
    case StoredKind::number:
      return "no number";
    case StoredKind::int64:
    case StoredKind::uint64:
      return "no whole number of 64 bits";
    case StoredKind::boolean:
      return "neither True nor False";
    case StoredKind::date:
      return "no date such as 2024-01-31 or 2024-01-31T23:59:59Z";
    case StoredKind::category:
    case StoredKind::text:
      break;
  }
  return "no text";
}

// Longer names are called by their numbers.
constexpr std::size_t longest_word = 40;

bool is_number(const CsvField& field, const CellStyle& style) {
  return label_number(field, style).has_value();
}

std::string delimiter_word(char delimiter) {
  if (delimiter == CsvFile::blanks) return "blanks";
  return delimiter == '\t' ? "tabs" : fmt::format("'{}'", delimiter);
}

/// A whole line in one field, with what usually separates fields in it.
void check_delimiter(const CsvFile& file, std::span<const CsvField> first) {
  if (first.size() != 1 || first[0].was_quoted) return;
  for (const auto& [candidate, word] :
       {std::pair{';', "';'"}, {'\t', "tab"}, {'|', "'|'"}, {',', "','"}}) {
    if (candidate == file.delimiter() || first[0].text.find(candidate) == std::string_view::npos)
      continue;
    throw DataError(
        fmt::format("{} has one column when cut at {}, but its first line has others; try "
                    "--delimiter {}",
                    file.path_of(0), delimiter_word(file.delimiter()), word));
  }
}

/// The column that `word` names or numbers.
Index find_column(const CsvColumns& columns, const std::string& word, const char* option,
                  const std::string& path) {
  const auto n = static_cast<Index>(columns.roles.size());
  if (std::ranges::count(columns.headers, word) > 1) {
    throw UsageError(fmt::format("{} has more than one column '{}'; give its number with --{}",
                                 path, word, option));
  }
  const auto found = std::ranges::find(columns.names, word);
  if (columns.has_header && found != columns.names.end()) return found - columns.names.begin();
  Index number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error == std::errc() && end == word.data() + word.size()) {
    if (number >= -n && number < n) return number < 0 ? number + n : number;
    throw UsageError(fmt::format("--{} {}: {} has columns 0 to {}", option, word, path, n - 1));
  }
  if (!columns.has_header) {
    throw UsageError(fmt::format("--{} {}: {} has no header; give the column's number, 0 to {}",
                                 option, word, path, n - 1));
  }
  throw UsageError(fmt::format("--{} {}: {} has no such column; {}", option, word, path,
                               did_you_mean(word, columns.names)));
}

void assign(CsvColumns& columns, Index column, Role role, const std::string& path) {
  Role& now = columns.roles[static_cast<std::size_t>(column)];
  if (now != Role::feature && now != role) {
    throw UsageError(
        fmt::format("{} of {} is asked to be two things of --target, --weight, --drop and --types",
                    columns.describe(column), path));
  }
  now = role;
}

/// What --target says: a column, or several with commas between them.
void assign_targets(CsvColumns& columns, const std::string& words, const std::string& path) {
  const bool is_one = words.find(',') == std::string::npos ||
                      std::ranges::find(columns.headers, words) != columns.headers.end();
  if (is_one) {
    columns.target = find_column(columns, words, "target", path);
    return assign(columns, columns.target, Role::target, path);
  }
  for (std::size_t begin = 0; begin <= words.size();) {
    const std::size_t end = std::min(words.find(',', begin), words.size());
    const Index column = find_column(columns, words.substr(begin, end - begin), "target", path);
    if (std::ranges::find(columns.targets, column) != columns.targets.end()) {
      throw UsageError(fmt::format("--target {}: {} of {} is named twice", words,
                                   columns.describe(column), path));
    }
    assign(columns, column, Role::one_of_targets, path);
    columns.targets.push_back(column);
    begin = end + 1;
  }
}

/// The column called y or target, if there is one such.
Index guess_target(const CsvColumns& columns, const std::string& path) {
  Index guess = -1;
  for (Index i = 0; i < std::ssize(columns.headers); ++i) {
    const std::string& name = columns.headers[static_cast<std::size_t>(i)];
    const bool is_free = columns.roles[static_cast<std::size_t>(i)] == Role::feature;
    if (!is_free || (name != "y" && name != "target")) continue;
    if (guess >= 0) {
      throw UsageError(
          fmt::format("{} has more than one column called y or target; say which one is the target "
                      "with --target, or that none is with --no-target",
                      path));
    }
    guess = i;
  }
  return guess;
}

/// --columns: others become no features.
void keep_only(CsvColumns& columns, const std::vector<std::string>& words,
               const std::string& path) {
  std::vector<char> is_kept(columns.roles.size(), 0);
  for (const std::string& word : words) {
    const Index column = find_column(columns, word, "columns", path);
    if (columns.role_of(column) != Role::feature) {
      throw UsageError(
          fmt::format("--columns {}: {} of {} is left out or no feature by another "
                      "option; leave it out of one",
                      word, columns.describe(column), path));
    }
    is_kept[static_cast<std::size_t>(column)] = 1;
  }
  for (std::size_t c = 0; c < is_kept.size(); ++c) {
    if (is_kept[c] == 0 && columns.roles[c] == Role::feature) columns.roles[c] = Role::dropped;
  }
}

CsvColumns::Forced forced_kind(StoredKind kind) {
  switch (kind) {
    case StoredKind::number:
      return {kind, can_be::number, true};
    case StoredKind::int64:
    case StoredKind::uint64:
      return {kind, can_be::int64 | can_be::uint64, false};
    case StoredKind::boolean:
      return {kind, can_be::boolean, false};
    case StoredKind::date:
      return {kind, can_be::date, true};
    case StoredKind::category:
    case StoredKind::text:
      break;
  }
  return {kind, 0, true};
}

void force(CsvColumns& columns, const std::string& word, StoredKind kind, const std::string& path) {
  const Index column = find_column(columns, word, "types", path);
  if (columns.role_of(column) != Role::feature) {
    throw UsageError(
        fmt::format("--types {}: {} of {} is no feature", word, columns.describe(column), path));
  }
  columns.forced[static_cast<std::size_t>(column)] = forced_kind(kind);
}

/// --date.
void force_date(CsvColumns& columns, const std::string& word, const std::string& format,
                const std::string& path) {
  const Index column = find_column(columns, word, "date", path);
  CsvColumns::Forced& forced = columns.forced[static_cast<std::size_t>(column)];
  if (columns.role_of(column) != Role::feature) {
    throw UsageError(
        fmt::format("--date {}: {} of {} is no feature", word, columns.describe(column), path));
  }
  if (forced.date || (forced.kind && forced.kind != StoredKind::date)) {
    throw UsageError(fmt::format("--date {}: {} of {} is asked to be two things", word,
                                 columns.describe(column), path));
  }
  forced = forced_kind(StoredKind::date);
  forced.date.emplace(format);
}

}  // namespace

std::vector<std::string> pandas_names(std::vector<std::string> headers) {
  std::vector<std::size_t> order;
  std::vector<std::size_t> unnamed;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    (headers[i].empty() ? unnamed : order).push_back(i);
    if (headers[i].empty()) headers[i] = fmt::format("Unnamed: {}", i);
  }
  order.insert(order.end(), unnamed.begin(), unnamed.end());
  std::unordered_map<std::string, int> counts;
  std::unordered_multiset<std::string> taken(headers.begin(), headers.end());
  for (const std::size_t i : order) {
    const std::string old = headers[i];
    std::string name = old;
    for (int count = counts[name]; count > 0;) {
      counts[old] = count + 1;
      name = fmt::format("{}.{}", old, count);
      count = taken.contains(name) ? count + 1 : counts[name];
    }
    counts[name] += 1;
    taken.extract(old);
    taken.insert(name);
    headers[i] = name;
  }
  return headers;
}

char csv_delimiter(const std::string& path) {
  std::string name = to_lower(path);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name.ends_with(".tsv") || name.ends_with(".tab") ? '\t' : ',';
}

Index CsvColumns::features() const { return std::ranges::count(roles, Role::feature); }

std::string CsvColumns::describe(Index column) const {
  if (!has_header) return fmt::format("column {}", column);
  return "column " + Value(names[static_cast<std::size_t>(column)]).repr();
}

std::string CsvColumns::wanted(Index column) const {
  const Forced& asked = forced_of(column);
  const std::string name = option_word(column);
  if (asked.date) {
    return fmt::format("no date of the form {} (--date {}={})", asked.date->text(), name,
                       asked.date->text());
  }
  const StoredKind kind = *asked.kind;
  const std::string word = kind == StoredKind::number  ? "float"
                           : kind == StoredKind::int64 ? "int"
                                                       : stored_kind_name(kind, false);
  return fmt::format("{} (--types {}={})", kind_words(kind), name, word);
}

std::string CsvColumns::option_word(Index column) const {
  if (!has_header) return std::to_string(column);
  const std::string& name = names[static_cast<std::size_t>(column)];
  const bool is_plain = name.size() <= longest_word &&
                        name.find_first_of(", ='\"$\\`") == std::string::npos &&
                        std::ranges::count(headers, name) == 1;
  return is_plain ? name : std::to_string(column);
}

CsvColumns read_columns(CsvFile& file, const CsvOptions& options) {
  CsvColumns columns;
  columns.skips_bad_rows = options.skips_bad_rows;
  columns.style.missing_words = options.missing_words;
  columns.style.numbers = options.numbers;
  columns.style.is_latin1 = options.is_latin1;
  CsvCursor cursor(file, file.text_begin());
  try {
    if (!cursor.next() || cursor.part() > 0) {
      throw DataError(fmt::format("{} is empty; it needs a line for each row", file.path_of(0)));
    }
    check_delimiter(file, cursor.fields());
    columns.roles.resize(cursor.fields().size(), Role::feature);
    columns.forced.resize(cursor.fields().size());
    columns.has_header = options.has_header;
    if (options.has_header) {
      for (const CsvField& field : cursor.fields()) {
        columns.headers.push_back(columns.style.text(field.text));
        require_utf8(columns.headers.back(), "the name of a column", file.path_of(0));
      }
      columns.names = pandas_names(columns.headers);
      columns.header_is_numeric = std::ranges::all_of(
          cursor.fields(), [&](const CsvField& f) { return is_number(f, columns.style); });
      file.set_data_begin(0, cursor.end());
    } else {
      for (Index c = 0; c < columns.size(); ++c) columns.names.push_back(std::to_string(c));
    }
  } catch (const CsvProblem& problem) {
    throw problem_error(file, problem);
  }
  const std::string& path = file.path();
  if (options.target) assign_targets(columns, *options.target, path);
  if (options.weight) {
    columns.weight = find_column(columns, *options.weight, "weight", path);
    assign(columns, columns.weight, Role::weight, path);
  }
  for (const std::string& word : options.drop) {
    assign(columns, find_column(columns, word, "drop", path), Role::dropped, path);
  }
  if (!options.columns.empty()) keep_only(columns, options.columns, path);
  if (!options.target && options.has_target) {
    columns.target = guess_target(columns, path);
    columns.target_is_guessed = columns.target >= 0;
    if (columns.target >= 0) assign(columns, columns.target, Role::target, path);
  }
  for (const auto& [word, kind] : options.types) force(columns, word, kind, path);
  for (const auto& [word, format] : options.dates) force_date(columns, word, format, path);
  if (columns.features() == 0) {
    throw DataError(fmt::format("{} has no column left for the features", path));
  }
  return columns;
}

}  // namespace superstep
