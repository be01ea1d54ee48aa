// SPDX-License-Identifier: BSD-3-Clause
// CSV and TSV files, read from any place by any thread. RFC 4180: fields may be quoted, quoted
// fields may hold delimiters, line ends and doubled quotes; lines end with LF or CRLF; blank lines
// are no records. A quote inside an unquoted field is refused: so the number of quotes before a
// byte tells, for a reader that begins in the middle, whether that byte is inside a quoted field.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// What is wrong with the text, and where; the line is found later.
struct CsvProblem {
  std::uint64_t offset = 0;
  std::string what;
  bool is_open = false;  ///< nobody can tell where the record ends
};

/// A file by its name, and the one that has its bytes, where that is another.
struct CsvPart {
  std::string path;
  std::string bytes_in{};
};

/// A file of records, or several that are read as one: offsets count through all of their bytes.
/// Each begins outside of quotes, and no record goes on in the next.
class CsvFile {
 public:
  /// As a delimiter: any number of blanks and tabs, also before the first field.
  static constexpr char blanks = '\0';

  /// Opens them. FileError when one cannot be read; DataError when it is no text that can be taken
  /// for CSV (compressed, UTF-16, Parquet, ...).
  CsvFile(std::vector<CsvPart> parts, char delimiter);
  CsvFile(CsvFile&&) noexcept;
  ~CsvFile();

  /// What they are called together: the name of the only one, or "a.csv and 2 more files".
  const std::string& path() const;
  char delimiter() const;
  std::uint64_t size() const;

  Index parts() const;
  Index part_of(std::uint64_t offset) const;
  const std::string& path_of(Index part) const;
  /// Where the first record of a part may begin: behind a byte order mark.
  std::uint64_t text_begin(Index part = 0) const;
  std::uint64_t end_of(Index part) const;
  /// Records that begin before this are no rows, but a header.
  std::uint64_t data_begin(Index part) const;
  void set_data_begin(Index part, std::uint64_t offset);

  /// Size and time of the last writing of each, seen as it was opened.
  struct Version {
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
  };
  std::vector<Version> versions() const;
  /// FileError unless this rank's files are the root's.
  void require_agreed(const std::vector<Version>& versions) const;
  /// FileError when a file was written to since it was opened.
  void require_unchanged() const;

  /// Up to `size` bytes from `offset`; fewer only at the end of a part.
  std::size_t read(std::uint64_t offset, std::size_t size, char* out) const;

  /// Quotes and line ends in [begin, end) of one part. FileError when the file ends before.
  struct Counts {
    std::uint64_t quotes = 0;
    std::uint64_t lines = 0;
  };
  Counts count(std::uint64_t begin, std::uint64_t end) const;

  /// The first byte in [begin, end) at which a line begins outside of quotes; `quoted`: whether
  /// byte `begin` is inside a quoted field. Nothing when there is none.
  std::optional<std::uint64_t> first_record(std::uint64_t begin, std::uint64_t end,
                                            bool quoted) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A field without its quotes; doubled quotes are single. Blanks around unquoted fields are not
/// part of it.
struct CsvField {
  /// So many bytes from the beginning of the text may be read, whatever its length.
  static constexpr std::size_t readable = 128;
  std::string_view text;
  bool was_quoted = false;
};

/// Goes through records one after the other.
class CsvCursor {
 public:
  /// `offset`: where a line begins outside of quotes.
  CsvCursor(const CsvFile& file, std::uint64_t offset);

  /// The next record that is not blank, or false at the end of the last file. What stands before
  /// the rows of a file is passed over on the way from the one before. Throws CsvProblem.
  bool next();
  /// The same without looking at its fields.
  bool skip();

  /// Where the record begins.
  std::uint64_t offset() const { return offset_; }
  /// Where the next one may begin.
  std::uint64_t end() const { return buffer_at_ + end_; }
  Index part() const { return part_; }
  /// Until the next call.
  std::span<const CsvField> fields() const { return {fields_.data(), n_fields_}; }

 private:
  enum class Taken { record, blank, none };
  Taken take_simple();
  Taken finish_simple(std::size_t begin, std::size_t end, std::size_t line_end);
  void add_field(std::string_view text, bool was_quoted) {
    if (n_fields_ == fields_.size()) fields_.resize(2 * n_fields_ + 16);
    fields_[n_fields_++] = {text, was_quoted};
  }
  bool find_record();
  bool find_record_of_part();
  bool find_end();
  bool go_to_next_part();
  bool is_delimiter(char c) const;
  bool fill();
  void split();
  std::size_t take_quoted(std::size_t begin);
  std::size_t take_unquoted(std::size_t begin);

  const CsvFile& file_;
  Index part_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;        // of the record in the buffer
  std::size_t end_ = 0;          // of it, the line end included
  std::size_t filled_ = 0;       // bytes in the buffer
  std::uint64_t buffer_at_ = 0;  // where the buffer begins in the file
  bool is_at_end_ = false;
  std::uint64_t offset_ = 0;
  std::string_view record_;  // without its line end
  bool has_quotes_ = false;
  std::vector<CsvField> fields_;  // the first of them are those of the record
  std::size_t n_fields_ = 0;
  std::deque<std::string> undoubled_;  // fields that had doubled quotes
};

/// Text of Western European files: each byte is the character of that number.
std::string utf8_of_latin1(std::string_view bytes);
bool is_utf8(std::string_view text);

/// How numbers are written.
struct NumberStyle {
  char decimal = '.';
  char thousands = '\0';  ///< may stand between two digits; '\0': nothing does

  bool is_plain() const { return decimal == '.' && thousands == '\0'; }
};

/// The cell as C writes it, or nothing when a mark stands where none may.
std::optional<std::string> in_plain_style(std::string_view cell, const NumberStyle& style);

/// The number a cell holds, or nothing. Empty cells and what pandas takes for missing (NA, NaN,
/// null, None, ...) are NaN; what is too large for a double is infinite, as in Python.
std::optional<double> parse_cell(std::string_view cell, const NumberStyle& style = {});
/// Whether a cell stands for a missing value: it is empty or one of pandas' words, and no other.
bool is_missing(std::string_view text);

}  // namespace superstep
