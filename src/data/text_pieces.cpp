// SPDX-License-Identifier: BSD-3-Clause
#include "data/text_pieces.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>
#include <superstep/data/block.hpp>

namespace superstep {

namespace {

constexpr std::size_t read_bytes = std::size_t{256} << 10;
constexpr std::size_t most_line_bytes = std::size_t{64} << 20;
constexpr std::uint64_t least_piece_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t most_pieces = 65'536;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

}  // namespace

TextFile TextFile::open(const Communicator& comm, const std::string& path,
                        const std::string& unpack_beside) {
  TextFile file;
  std::string bytes_in;
  on_root(comm, [&] {
    if (!is_gzip(path)) return;
    answering(comm, [&] { file.unpacked_ = std::make_unique<Unpacked>(path, unpack_beside); });
    bytes_in = file.unpacked_->name();
  });
  bytes_in = comm.broadcast(bytes_in);
  collectively(comm, [&] {
    file.bytes_.emplace(std::vector<CsvPart>{{path, bytes_in}}, CsvFile::blanks);
  });
  // Pieces are cut by the size: the root's counts.
  CsvFile::Version version = file.bytes_->versions().front();
  std::vector<std::byte> stamp = ByteWriter().put(version.size).put(version.modified_ns).take();
  comm.broadcast(stamp);
  collectively(comm, [&] {
    ByteReader in(stamp);
    version.size = in.get<std::uint64_t>();
    version.modified_ns = in.get<std::int64_t>();
    file.bytes_->require_agreed({version});
  });
  return file;
}

bool LineCursor::next() {
  offset_ = next_;
  std::size_t searched = begin_;
  const char* end = nullptr;
  while (true) {
    if (filled_ > searched) {
      end = static_cast<const char*>(
          std::memchr(buffer_.data() + searched, '\n', filled_ - searched));
    }
    if (end != nullptr || is_at_end_) break;
    const std::size_t kept = filled_ - begin_;
    if (kept > most_line_bytes) {
      throw LineProblem{0,
                        fmt::format("the line is longer than {}", format_bytes(Index{64} << 20))};
    }
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
    begin_ = 0;
    filled_ = searched = kept;
    buffer_.resize(std::max(2 * kept, read_bytes));
    const std::size_t got = file_.read(next_ + kept, buffer_.size() - kept, buffer_.data() + kept);
    filled_ += got;
    is_at_end_ = got == 0;
  }
  if (end == nullptr && begin_ == filled_) return false;
  const char* first = buffer_.data() + begin_;
  const char* last = end != nullptr ? end : buffer_.data() + filled_;
  line_ = std::string_view(first, static_cast<std::size_t>(last - first));
  begin_ += line_.size() + (end != nullptr ? 1 : 0);
  next_ += line_.size() + (end != nullptr ? 1 : 0);
  return true;
}

std::vector<TextPiece> text_pieces(std::uint64_t begin, std::uint64_t end,
                                   std::uint64_t piece_bytes) {
  begin = std::min(begin, end);
  if (piece_bytes == 0) piece_bytes = std::max(least_piece_bytes, (end - begin) / most_pieces);
  std::vector<TextPiece> pieces;
  for (; begin < end; begin += piece_bytes) {
    pieces.push_back({begin, std::min(begin + piece_bytes, end)});
  }
  return pieces;
}

PieceLines::PieceLines(const CsvFile& file, std::uint64_t begin, const TextPiece& piece)
    : end_(piece.end) {
  if (piece.begin == begin) {
    cursor_.emplace(file, begin);
    return;
  }
  // The first line begins behind the end of the one to which the byte before belongs.
  std::vector<char> bytes(std::size_t{64} << 10);
  for (std::uint64_t at = piece.begin - 1; at < piece.end - 1;) {
    const std::size_t got =
        file.read(at, std::min<std::uint64_t>(bytes.size(), piece.end - 1 - at), bytes.data());
    if (got == 0) return;
    if (const void* found = std::memchr(bytes.data(), '\n', got)) {
      const auto behind = static_cast<const char*>(found) - bytes.data() + 1;
      cursor_.emplace(file, at + static_cast<std::uint64_t>(behind));
      return;
    }
    at += got;
  }
}

bool PieceLines::next() { return cursor_ && cursor_->next() && cursor_->offset() < end_; }

namespace {

/// Of a piece: how many lines, up to the one that is wrong, if any is.
struct PieceReading {
  Index lines = 0;
  std::optional<LineProblem> problem;
};

PieceReading read_piece(const TextFile& file, std::uint64_t begin, const TextPiece& piece,
                        Index number, const LookAtLine& look) {
  PieceReading reading;
  try {
    PieceLines lines(file.bytes(), begin, piece);
    for (++reading.lines; lines.next(); ++reading.lines) {
      look(number, lines.line(), lines.offset());
    }
    --reading.lines;
  } catch (const LineProblem& problem) {
    reading.problem = problem;
  }
  return reading;
}

}  // namespace

void read_pieces(const Communicator& comm, const TextFile& file,
                 const std::vector<TextPiece>& pieces, Index lines_before,
                 const ParallelFor& parallel_for, const LookAtLine& look) {
  const Share share = share_of(std::ssize(pieces), comm.rank(), comm.size());
  std::vector<PieceReading> mine(static_cast<std::size_t>(share.size()));
  collectively(comm, [&] {
    parallel_for(share.size(), [&](Index task) {
      const Index number = share.begin + task;
      mine[static_cast<std::size_t>(task)] = read_piece(
          file, pieces.front().begin, pieces[static_cast<std::size_t>(number)], number, look);
    });
    file.bytes().require_unchanged();
  });
  ByteWriter out;
  bool is_any_wrong = false;
  Index lines = 0;
  for (const PieceReading& reading : mine) {
    lines += reading.lines;
    if (!reading.problem) continue;
    is_any_wrong = true;
    out.put(true).put(lines).put(reading.problem->at).put(std::string_view(reading.problem->what));
    break;
  }
  if (!is_any_wrong) out.put(false).put(lines);
  for (const auto& bytes : comm.gather_all(out.take())) {
    ByteReader in(bytes);
    const bool is_wrong = in.get<bool>();
    lines_before += in.get<Index>();
    if (!is_wrong) continue;
    const Index at = in.get<Index>();
    throw AgreedError(ExitCode::bad_data, fmt::format("{} line {}, column {}: {}", file.path(),
                                                      lines_before, at + 1, in.text()));
  }
}

bool is_blank_line(std::string_view line) { return std::ranges::all_of(line, is_blank); }

std::string_view next_word(std::string_view line, std::size_t& at) {
  while (at < line.size() && is_blank(line[at])) ++at;
  const std::size_t begin = at;
  while (at < line.size() && !is_blank(line[at])) ++at;
  return line.substr(begin, at - begin);
}

std::optional<std::int64_t> natural_of(std::string_view word) {
  if (word.empty() || word.front() == '-') return std::nullopt;
  std::int64_t value = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<double> real_of(std::string_view word) {
  if (word.empty()) return std::nullopt;
  const char* begin = word.data();
  const char* end = begin + word.size();
  // from_chars knows no plus sign.
  if (*begin == '+' && word.size() > 1 && begin[1] != '-' && begin[1] != '+') ++begin;
  double value = 0.0;
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (stop != end) return std::nullopt;
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  return std::strtod(std::string(begin, end).c_str(), nullptr);  // infinite, or nearly zero
}

std::string quoted_word(std::string_view word) {
  return Value(shorten(std::string(word), 40)).repr();
}

}  // namespace superstep
