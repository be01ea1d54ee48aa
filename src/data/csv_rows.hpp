// SPDX-License-Identifier: BSD-3-Clause
// The rows of a CSV file: its records, without headers, and without those that do not fit where
// these are to be left out. Both readings go through them by this, so that they see the same.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <superstep/io/csv.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

class CsvRows {
 public:
  /// `on_bad` is told of each row that is left out, and where it ends.
  using OnBad = std::function<void(const CsvProblem& problem, std::uint64_t end)>;

  /// From a record that begins at `offset`.
  CsvRows(const CsvFile& file, const CsvColumns& columns, std::uint64_t offset, OnBad on_bad = {})
      : file_(file), columns_(columns), cursor_(file, offset), on_bad_(std::move(on_bad)) {}

  /// The next row, or false at the end. Throws CsvProblem: of a row that does not fit unless these
  /// are left out; always where it cannot be told where a row ends.
  bool next();
  /// The same for a row that is known to be there, without looking at it more than it takes.
  bool skip() { return columns_.skips_bad_rows ? next() : cursor_.skip(); }

  std::uint64_t offset() const { return cursor_.offset(); }
  std::span<const CsvField> fields() const { return cursor_.fields(); }

 private:
  void require_fit() const;

  const CsvFile& file_;
  const CsvColumns& columns_;
  CsvCursor cursor_;
  OnBad on_bad_;
};

}  // namespace superstep
