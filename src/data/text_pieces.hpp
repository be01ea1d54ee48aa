// SPDX-License-Identifier: BSD-3-Clause
// Text files of lines that ranks and threads read in pieces: which lines are whose, which number a
// line has, what is wrong with the first that is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/csv.hpp>
#include "io/unpacked.hpp"

namespace superstep {

/// What is wrong in a line, and the byte in it, from 0.
struct LineProblem {
  Index at = 0;
  std::string what;
};

/// A text file, unpacked by the root where gzip has packed it. The same on every rank.
class TextFile {
 public:
  /// `unpack_beside`: as Unpacked has it. **Collective.**
  static TextFile open(const Communicator& comm, const std::string& path,
                       const std::string& unpack_beside);
  const CsvFile& bytes() const { return *bytes_; }
  const std::string& path() const { return bytes_->path(); }

 private:
  std::unique_ptr<Unpacked> unpacked_;  // on the root
  std::optional<CsvFile> bytes_;
};

/// Goes through lines one after the other.
class LineCursor {
 public:
  /// `offset`: where a line begins.
  LineCursor(const CsvFile& file, std::uint64_t offset) : file_(file), next_(offset) {}
  /// False at the end of the file. Throws LineProblem for a line of endless length.
  bool next();
  /// Where the line begins.
  std::uint64_t offset() const { return offset_; }
  /// Without its end; until the next call.
  std::string_view line() const { return line_; }

 private:
  const CsvFile& file_;
  std::uint64_t offset_ = 0;
  std::uint64_t next_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what was not yet told of, in the buffer
  std::size_t filled_ = 0;
  bool is_at_end_ = false;
  std::string_view line_;
};

/// A run of bytes; the lines that begin in it are its own.
struct TextPiece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
/// Of the bytes [begin, end), all of them in order; `piece_bytes`: 0 for what suits their number.
std::vector<TextPiece> text_pieces(std::uint64_t begin, std::uint64_t end,
                                   std::uint64_t piece_bytes);

/// The lines of a piece, one after the other; `begin`: of the first byte that holds lines, in which
/// one begins. Throws LineProblem.
class PieceLines {
 public:
  PieceLines(const CsvFile& file, std::uint64_t begin, const TextPiece& piece);
  bool next();
  std::uint64_t offset() const { return cursor_->offset(); }
  std::string_view line() const { return cursor_->line(); }

 private:
  std::uint64_t end_;
  std::optional<LineCursor> cursor_;
};

/// Looks at the lines of this rank's share of the pieces with `look(piece, line, offset)`, which
/// may throw LineProblem. DataError on all ranks with the first problem of all, if there is any;
/// `lines_before`: lines before the first piece. **Collective.**
using LookAtLine = std::function<void(Index piece, std::string_view line, std::uint64_t offset)>;
void read_pieces(const Communicator& comm, const TextFile& file,
                 const std::vector<TextPiece>& pieces, Index lines_before,
                 const ParallelFor& parallel_for, const LookAtLine& look);

// Words of a line.

bool is_blank_line(std::string_view line);
/// The next word from `at` on, which goes behind it; empty at the end of the line. Words are
/// separated by blanks and tabs.
std::string_view next_word(std::string_view line, std::size_t& at);
/// The whole number, at least 0, that a word holds; nothing when it holds none or too large a one.
std::optional<std::int64_t> natural_of(std::string_view word);
/// The number, NaN and infinity with it, that a word holds.
std::optional<double> real_of(std::string_view word);
/// In quotes, for messages.
std::string quoted_word(std::string_view word);

}  // namespace superstep
