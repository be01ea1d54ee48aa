// SPDX-License-Identifier: BSD-3-Clause
// The first reading of a CSV file: where its rows are and what its columns hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

/// Where rows can be found: every entry is a piece of the file that some begin in.
struct CsvIndex {
  std::vector<Index> first_row;
  std::vector<std::uint64_t> offset;  ///< of that row's record
  Index rows = 0;
};

/// The first cell of a column that is no number.
struct CsvText {
  Index column = 0;
  Index row = 0;
  std::uint64_t line = 0;
  std::string text;
};

/// What the target column holds.
struct CsvTarget {
  std::vector<std::string>
      texts;  ///< the distinct cells that are not missing, sorted; only if some are no numbers
  bool has_too_many = false;       ///< more than can be classes: `texts` is not complete
  bool is_whole = true;            ///< every number could be an int64
  std::optional<CsvText> inexact;  ///< the first whole number that no double equals
  Index missing = 0;
  Index first_missing_row = -1;
};

/// The same on every rank.
struct CsvFindings {
  CsvIndex index;
  std::vector<CsvText> texts;  ///< columns that hold some, in order
  CsvTarget target;
  Index missing = 0;         ///< cells of features
  std::vector<Index> empty;  ///< features without a single value
};

/// DataError when lines have different numbers of fields or quotes are wrong: the first such line
/// of the file.
/// **Collective.**
CsvFindings scan_csv(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                     std::uint64_t piece_bytes, const ParallelFor& parallel_for);

}  // namespace superstep
