// SPDX-License-Identifier: BSD-3-Clause
// The columns of a CSV file: their names and what each of them becomes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <superstep/data/import.hpp>
#include <superstep/io/csv.hpp>
#include "data/csv_cells.hpp"

namespace superstep {

struct CsvColumns {
  enum class Role : std::uint8_t { feature, target, one_of_targets, weight, dropped };
  std::vector<std::string> names;  ///< of all columns; empty without a header
  std::vector<Role> roles;         ///< of all columns
  CellStyle style;
  Index target = -1;
  std::vector<Index> targets;  ///< instead of one, several of numbers, in the order of /y
  Index weight = -1;
  std::uint64_t data_begin = 0;  ///< where the first record that is no header may begin
  bool target_is_guessed = false;
  bool header_is_numeric = false;  ///< perhaps it is none

  Index size() const { return static_cast<Index>(roles.size()); }
  Index features() const;
  /// "column 'age'", or "column 3" without a header.
  std::string describe(Index column) const;
  /// What --drop and --target call it.
  std::string option_word(Index column) const;
};

/// DataError unless `text` can go where names go.
void require_utf8(const std::string& text, const std::string& what, const std::string& path);

/// What separates fields where nobody says it: a tab for .tsv and .tab, a comma for others.
char csv_delimiter(const std::string& path);

/// Looks at the first record. DataError when there is none; UsageError when an option names a
/// column that does not exist.
CsvColumns read_columns(const CsvFile& file, const CsvOptions& options);

}  // namespace superstep
