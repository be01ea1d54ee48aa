// SPDX-License-Identifier: BSD-3-Clause
// One rank's part of the first reading of a CSV file: the file is cut into pieces, each looked at
// by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/data/row_source.hpp>
#include <superstep/io/csv.hpp>
#include "data/csv_columns.hpp"
#include "data/csv_types.hpp"
#include "data/text_set.hpp"

namespace superstep {

/// Rows that are left out, told one by one.
inline constexpr std::size_t most_bad_rows_told = 5;
/// More different texts than this are no classes.
inline constexpr Index most_class_texts = 100'000;
/// More than these are no categories, whatever the number of rows.
inline constexpr Index most_levels = 1'000'000;
inline constexpr Index most_level_bytes = Index{32} << 20;

/// A run of bytes of one file; the records that begin in it are its own.
struct CsvPiece {
  Index part = 0;
  bool begins_part = false;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t lines = 0;  // line ends in it
  bool has_odd_quotes = false;
  std::uint64_t first_record = 0;
  Index rows = 0;
};

/// A cell, as long as rows and lines before its piece are unknown.
struct CsvFoundText {
  Index piece = -1;
  std::uint64_t offset = 0;
  Index row_of_piece = 0;
  std::string text;
};

/// What the first cell of a column is remembered for.
enum class CsvPlace : std::uint8_t { not_number, not_date, leading_zero, misfit, bad_text };
inline constexpr int n_csv_places = 5;

/// What was found in some cells of a column.
struct CsvColumnFacts {
  std::uint8_t types = can_be::anything;
  std::uint8_t marks = 0;
  std::uint8_t places = 0;  ///< bits of those that are known
  bool has_too_many = false;
  Index values = 0;  ///< that are not missing
  Index missing = 0;
  Index numbers = 0;
  Index dates = 0;
  Index text_bytes = 0;            ///< of a column whose texts are collected, in UTF-8
  std::unique_ptr<TextSet> texts;  ///< unless there are too many

  void keep_text(std::string_view text);
  void add(CsvColumnFacts&& other);
};

/// What was found in some pieces. Adding up is commutative.
struct CsvFacts {
  std::vector<CsvColumnFacts> columns;
  std::map<std::pair<Index, CsvPlace>, CsvFoundText> places;  ///< the first ones
  bool is_whole = true;
  Index target_missing = 0;
  CsvFoundText first_missing_target;
  CsvFoundText first_inexact_target;
  std::optional<CsvProblem> problem;
  Index bad_rows = 0;  ///< that were left out
  Index bad_lines = 0;
  std::vector<CsvFoundText> first_bad_rows;  ///< what is wrong with them; in their order

  explicit CsvFacts(Index n) : columns(static_cast<std::size_t>(n)) {}

  static void keep_first(CsvFoundText& mine, CsvFoundText&& other) {
    if (other.piece < 0 || (mine.piece >= 0 && mine.offset <= other.offset)) return;
    mine = std::move(other);
  }
  void add(CsvFacts&& other);
};

/// The pieces of one rank.
class CsvShareScan {
 public:
  /// `collects`: of which columns the different texts are wanted; `only_texts`: nothing else is.
  CsvShareScan(const CsvFile& file, const CsvColumns& columns, std::vector<CsvPiece> pieces,
               const ParallelFor& parallel_for, std::vector<char> collects, bool only_texts = false)
      : file_(file),
        columns_(columns),
        pieces_(std::move(pieces)),
        parallel_for_(parallel_for),
        collects_(std::move(collects)),
        only_texts_(only_texts),
        has_plain_numbers_(columns.style.has_plain_numbers()),
        facts_(columns.size()) {}

  /// Looks at all pieces; `quoted`: whether the first one begins inside a quoted field. What is
  /// wrong with the text is kept, because that may only seem so when `quoted` was a guess.
  void run(bool quoted);

  const std::vector<CsvPiece>& pieces() const { return pieces_; }
  const CsvFacts& facts() const { return facts_; }
  /// Whether a file begins in this rank's pieces, before which nothing matters for what is behind.
  bool begins_part() const;
  /// Of the last file's pieces.
  bool has_odd_quotes() const { return has_odd_quotes_; }
  std::uint64_t lines() const { return pieces_.empty() ? 0 : lines_before(std::ssize(pieces_)); }
  Index rows() const { return rows_before(std::ssize(pieces_)); }
  /// The number of a byte's line in its file; `before`: line ends before this rank's first piece in
  /// the file of that.
  std::uint64_t line_of(Index piece, std::uint64_t offset, std::uint64_t before) const;
  Index piece_of(std::uint64_t offset) const;
  Index rows_before(Index piece) const;

 private:
  /// In the file of the piece before it.
  std::uint64_t lines_before(Index piece) const;
  void scan(Index number, bool quoted);
  void add_bad_row(CsvFoundText&& place, const CsvProblem& problem, std::uint64_t end,
                   CsvFacts& facts) const;
  void look_at(std::span<const CsvField> fields, const CsvFoundText& place, CsvFacts& facts) const;
  void look_at_feature(const CsvField& field, Index column, const CsvFoundText& place,
                       CsvFacts& facts) const;
  void look_at_number(const CsvField& field, Index column, const CsvFoundText& place,
                      CsvFacts& facts) const;
  void look_at_target(const CsvField& field, const CsvFoundText& place, CsvFacts& facts) const;
  void collect(const CsvField& field, Index column, const CsvFoundText& place,
               CsvFacts& facts) const;
  std::vector<char> still_collected() const;

  const CsvFile& file_;
  const CsvColumns& columns_;
  std::vector<CsvPiece> pieces_;
  const ParallelFor& parallel_for_;
  std::vector<char> collects_;
  bool only_texts_;
  bool has_plain_numbers_;
  mutable std::mutex mutex_;
  CsvFacts facts_;
  bool has_odd_quotes_ = false;
};

}  // namespace superstep
