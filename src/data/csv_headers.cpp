// SPDX-License-Identifier: BSD-3-Clause
// Files that become one table have the same columns.
#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

namespace {

constexpr std::size_t most_letters = 40;

std::string name_of(const std::string& header) {
  return Value(shorten(header, most_letters)).repr();
}

/// The first name of `some` that `others` lack, as often as it stands there.
const std::string* lacking(const std::vector<std::string>& some,
                           const std::vector<std::string>& others) {
  for (const std::string& name : some) {
    if (std::ranges::count(some, name) > std::ranges::count(others, name)) return &name;
  }
  return nullptr;
}

/// What keeps two files from becoming one table; their headers differ.
std::string difference(const std::vector<std::string>& first, const std::string& first_path,
                       const std::vector<std::string>& other, const std::string& path) {
  const std::string* const missing = lacking(first, other);
  const std::string* const added = lacking(other, first);
  const auto at = std::ranges::mismatch(first, other);
  if (missing != nullptr && added != nullptr && first.size() == other.size()) {
    return fmt::format("{}: column {} is called {}, in {} {}", path, at.in2 - other.begin(),
                       name_of(*at.in2), first_path, name_of(*at.in1));
  }
  if (missing != nullptr) {
    return fmt::format("{} has no column {} as {} has", path, name_of(*missing), first_path);
  }
  if (added != nullptr) {
    return fmt::format("{} has a column {}, which {} has not", path, name_of(*added), first_path);
  }
  return fmt::format("{} has its columns in another order than {}: column {} is {}, there {}", path,
                     first_path, at.in2 - other.begin(), name_of(*at.in2), name_of(*at.in1));
}

void read_header(CsvFile& file, const CsvColumns& columns, Index part) {
  const std::string& path = file.path_of(part);
  CsvCursor cursor(file, file.text_begin(part));
  if (!cursor.next() || cursor.part() != part) {
    throw DataError(
        fmt::format("{} is empty; it needs a line for each row, and {}leave it out of the table",
                    path, columns.has_header ? "a header; " : "else "));
  }
  if (!columns.has_header) return;
  std::vector<std::string> headers;
  for (const CsvField& field : cursor.fields()) {
    headers.push_back(columns.style.text(field.text));
    require_utf8(headers.back(), "the name of a column", path);
  }
  if (headers != columns.headers) {
    throw DataError(difference(columns.headers, file.path_of(0), headers, path) +
                    "; files that become one table need the same header");
  }
  file.set_data_begin(part, cursor.end());
}

}  // namespace

DataError problem_error(const CsvFile& file, const CsvProblem& problem) {
  const Index part = file.part_of(problem.offset);
  return DataError(fmt::format("{} line {} {}", file.path_of(part),
                               1 + file.count(file.text_begin(part), problem.offset).lines,
                               problem.what));
}

void read_other_headers(CsvFile& file, const CsvColumns& columns) {
  for (Index part = 1; part < file.parts(); ++part) {
    try {
      read_header(file, columns, part);
    } catch (const CsvProblem& problem) {
      throw problem_error(file, problem);
    }
  }
}

}  // namespace superstep
