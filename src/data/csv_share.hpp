// SPDX-License-Identifier: BSD-3-Clause
// One rank's part of the first reading of a CSV file: the file is cut into pieces, each looked at
// by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <superstep/data/row_source.hpp>
#include <superstep/io/csv.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

/// More different texts than this are no classes.
inline constexpr std::size_t most_class_texts = 100'000;

/// Texts that are looked up without making a string of them.
struct CsvTextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using CsvTextSet = std::unordered_set<std::string, CsvTextHash, std::equal_to<>>;

/// A run of bytes; the records that begin in it are its own.
struct CsvPiece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t lines = 0;  // line ends in it
  bool has_odd_quotes = false;
  std::uint64_t first_record = 0;
  Index rows = 0;
};

/// The first text of a column, as long as rows and lines before this piece are unknown.
struct CsvFoundText {
  Index piece = -1;
  std::uint64_t offset = 0;
  Index row_of_piece = 0;
  std::string text;
};

/// What was found in some pieces. Adding up is commutative.
struct CsvFacts {
  std::vector<CsvFoundText> texts;  // by column
  std::vector<char> has_value;      // of a feature or weight: a number that is not missing
  CsvTextSet target_texts;
  bool has_too_many = false;
  bool is_whole = true;
  Index missing = 0;
  Index target_missing = 0;
  CsvFoundText first_missing_target;
  CsvFoundText first_inexact_target;
  std::optional<CsvProblem> problem;

  explicit CsvFacts(Index columns)
      : texts(static_cast<std::size_t>(columns)), has_value(static_cast<std::size_t>(columns)) {}

  static void keep_first(CsvFoundText& mine, CsvFoundText&& other) {
    if (other.piece < 0 || (mine.piece >= 0 && mine.offset <= other.offset)) return;
    mine = std::move(other);
  }
  void keep_text(std::string_view text) {
    if (has_too_many || target_texts.contains(text)) return;
    target_texts.emplace(text);
    has_too_many = target_texts.size() > most_class_texts;
  }
  void add(CsvFacts&& other) {
    for (std::size_t c = 0; c < texts.size(); ++c) {
      keep_first(texts[c], std::move(other.texts[c]));
      has_value[c] |= other.has_value[c];
    }
    for (const std::string& text : other.target_texts) keep_text(text);
    has_too_many = has_too_many || other.has_too_many;
    is_whole = is_whole && other.is_whole;
    missing += other.missing;
    target_missing += other.target_missing;
    keep_first(first_missing_target, std::move(other.first_missing_target));
    keep_first(first_inexact_target, std::move(other.first_inexact_target));
    if (other.problem && (!problem || other.problem->offset < problem->offset)) {
      problem = std::move(other.problem);
    }
  }
};

/// The pieces of one rank.
class CsvShareScan {
 public:
  CsvShareScan(const CsvFile& file, const CsvColumns& columns, std::vector<CsvPiece> pieces,
               const ParallelFor& parallel_for)
      : file_(file),
        columns_(columns),
        pieces_(std::move(pieces)),
        parallel_for_(parallel_for),
        facts_(columns.size()) {}

  /// Looks at all pieces; `quoted`: whether the first one begins inside a quoted field. What is
  /// wrong with the text is kept, because that may only seem so when `quoted` was a guess.
  void run(bool quoted);

  const std::vector<CsvPiece>& pieces() const { return pieces_; }
  const CsvFacts& facts() const { return facts_; }
  bool has_odd_quotes() const { return has_odd_quotes_; }
  std::uint64_t lines() const { return lines_before(std::ssize(pieces_)); }
  Index rows() const { return rows_before(std::ssize(pieces_)); }
  /// Line ends of this rank's pieces before a byte of the given one.
  std::uint64_t lines_until(Index piece, std::uint64_t offset) const {
    return lines_before(piece) +
           file_.count(pieces_[static_cast<std::size_t>(piece)].begin, offset).lines;
  }
  std::uint64_t lines_until(std::uint64_t offset) const;
  Index rows_before(Index piece) const;

 private:
  std::uint64_t lines_before(Index piece) const;
  void scan(Index number, bool quoted);
  void look_at(const CsvCursor& cursor, Index piece, Index row, CsvFacts& facts) const;
  void look_at_target(const CsvField& field, const CsvFoundText& place, CsvFacts& facts) const;

  const CsvFile& file_;
  const CsvColumns& columns_;
  std::vector<CsvPiece> pieces_;
  const ParallelFor& parallel_for_;
  std::mutex mutex_;
  CsvFacts facts_;
  bool has_odd_quotes_ = false;
};

}  // namespace superstep
