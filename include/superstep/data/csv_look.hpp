// SPDX-License-Identifier: BSD-3-Clause
// What the columns of a CSV file hold, as far as its first part tells: advice for a person, from
// few bytes and in little memory however large the file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

struct CsvColumnLook {
  static constexpr Index most_levels = 50;  ///< that are counted
  static constexpr std::size_t most_kept = 3;

  std::string name;  ///< "'age'"
  Index numbers = 0;
  Index texts = 0;
  Index missing = 0;
  Index levels = 0;  ///< different cells that are not missing; one beyond the most: more
  std::vector<std::string> first;  ///< the first few of them
  std::string first_text;          ///< the first that is no number

  bool has_many_levels() const { return levels > most_levels; }
};

struct CsvLook {
  Index rows = 0;       ///< looked at
  bool is_all = false;  ///< that there are
  std::vector<CsvColumnLook> columns;
};

/// All columns of a file, its first line the header. DataError and FileError like open_csv.
CsvLook look_at_csv(const std::string& path);

/// What the user may have to say of columns of text, a sentence for each thing.
std::vector<std::string> advice_for(std::span<const CsvColumnLook> texts);

/// The options for a cell that is a number as others write it; nothing for one that is none.
std::string way_of_writing(const std::string& cell);

}  // namespace superstep
