// SPDX-License-Identifier: BSD-3-Clause
// The first reading of a CSV file: where its rows are and what its columns hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include "data/csv_columns.hpp"
#include "data/csv_share.hpp"

namespace superstep {

/// Where rows can be found: every entry is a piece of the file that some begin in.
struct CsvIndex {
  std::vector<Index> first_row;
  std::vector<std::uint64_t> offset;  ///< of that row's record
  Index rows = 0;
};

/// The first cell of its kind in a column.
struct CsvText {
  Index row = 0;
  std::string path;  ///< of its file
  std::uint64_t line = 0;
  std::string text;
  bool is_one_of_many = false;  ///< files

  /// "line 12", of several files "b.csv line 12".
  std::string place() const;
};

/// What one column holds.
struct CsvColumnFindings {
  std::uint8_t types = can_be::anything;  ///< that all its cells can be read as
  std::uint8_t marks = 0;                 ///< bits of `has`
  Index values = 0;                       ///< that are not missing
  Index missing = 0;
  Index numbers = 0;
  Index dates = 0;
  std::array<std::optional<CsvText>, n_csv_places> first{};
  bool is_collected = false;  ///< the different texts of a column that is text for certain
  bool has_too_many = false;  ///< of them: `texts` is not complete
  Index text_bytes = 0;
  std::vector<std::string> texts{};  ///< sorted by bytes, in UTF-8

  const std::optional<CsvText>& at(CsvPlace place) const {
    return first[static_cast<std::size_t>(place)];
  }
};

/// What the target column holds beside that.
struct CsvTarget {
  bool is_whole = true;            ///< every number could be an int64
  std::optional<CsvText> inexact;  ///< the first whole number that no double equals
  Index missing = 0;
  Index first_missing_row = -1;
};

/// Rows that do not fit and were left out.
struct CsvBadRows {
  Index rows = 0;
  Index lines = 0;             ///< that they take in the file
  std::vector<CsvText> first;  ///< the first few, with what is wrong with them
};

/// The same on every rank.
struct CsvFindings {
  CsvIndex index;
  std::vector<CsvColumnFindings> columns;
  CsvTarget target;
  CsvBadRows bad;
};

/// DataError when lines have different numbers of fields or quotes are wrong: the first such line
/// of the file. `rows`: only the first so many count.
/// **Collective.**
CsvFindings scan_csv(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                     std::uint64_t piece_bytes, std::optional<Index> rows,
                     const ParallelFor& parallel_for);

/// Whether a column of these findings is text: nothing else fits all of its cells, or it is wanted
/// so.
bool is_text(const CsvColumnFindings& found, const CsvColumns::Forced& forced);

}  // namespace superstep
