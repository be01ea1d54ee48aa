// SPDX-License-Identifier: BSD-3-Clause
// The columns of a CSV file: their names and what each of them becomes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/data/import.hpp>
#include <superstep/io/csv.hpp>
#include "data/csv_cells.hpp"
#include "data/date_format.hpp"

namespace superstep {

struct CsvColumns {
  enum class Role : std::uint8_t { feature, target, one_of_targets, weight, dropped };
  /// What --types asks of a column.
  struct Forced {
    std::optional<StoredKind> kind{};
    std::uint8_t needs = 0;  ///< bits of can_be, of which each value must have one
    bool takes_missing = true;
    std::optional<DateFormat> date{};  ///< of --date
  };
  bool has_header = false;
  std::vector<std::string> headers;  ///< as they are written; empty without a header
  std::vector<std::string> names;    ///< as pandas makes them different: a, a.1, Unnamed: 2
  std::vector<Role> roles;           ///< of all columns
  std::vector<Forced> forced;        ///< likewise
  CellStyle style;
  Index target = -1;
  std::vector<Index> targets;  ///< instead of one, several of numbers, in the order of /y
  Index weight = -1;
  bool skips_bad_rows = false;
  bool target_is_guessed = false;
  bool header_is_numeric = false;  ///< perhaps it is none

  Index size() const { return static_cast<Index>(roles.size()); }
  Index features() const;
  const Forced& forced_of(Index column) const { return forced[static_cast<std::size_t>(column)]; }
  Role role_of(Index column) const { return roles[static_cast<std::size_t>(column)]; }
  /// "column 'age'", or "column 3" without a header.
  std::string describe(Index column) const;
  /// What a cell is not that is not what --types or --date ask for: "no number (--types a=float)".
  std::string wanted(Index column) const;
  /// What --drop and --target call it.
  std::string option_word(Index column) const;
};

/// DataError unless `text` can go where names go.
void require_utf8(const std::string& text, const std::string& what, const std::string& path);

/// What separates fields where nobody says it: a tab for .tsv and .tab, a comma for others.
char csv_delimiter(const std::string& path);

/// Looks at the first record, and has the file know where rows begin behind a header. DataError
/// when there is none; UsageError when an option names a column that does not exist.
CsvColumns read_columns(CsvFile& file, const CsvOptions& options);

/// Looks at the first records of the files behind the first. DataError says which column is called
/// otherwise.
void read_other_headers(CsvFile& file, const CsvColumns& columns);

/// What is wrong with the text, with its file and line.
DataError problem_error(const CsvFile& file, const CsvProblem& problem);

/// Different names for all columns, as pandas.read_csv gives them.
std::vector<std::string> pandas_names(std::vector<std::string> headers);

}  // namespace superstep
