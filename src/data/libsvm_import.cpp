// SPDX-License-Identifier: BSD-3-Clause
// Rows as LIBSVM and svmlight write them: "label index:value index:value ... # comment".
#include <superstep/data/import.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include "data/text_pieces.hpp"

namespace superstep {

namespace {

constexpr std::int64_t most_index = (std::int64_t{1} << 31) - 2;
constexpr double most_whole = 0x1p53;

/// What a row has beside its values.
struct RowHead {
  double label = 0.0;
  std::optional<std::int64_t> query;
};

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

double label_of(std::string_view word, std::string_view line) {
  const auto at = static_cast<Index>(word.data() - line.data());
  if (const std::optional<double> label = real_of(word)) return *label;
  if (word.find(':') != std::string_view::npos) {
    throw LineProblem{
        at, fmt::format("a row begins with its label, a number, got {}", quoted_word(word))};
  }
  if (word.find(',') != std::string_view::npos) {
    throw LineProblem{
        at, fmt::format("a row has one label, a number; {} are several", quoted_word(word))};
  }
  throw LineProblem{at, fmt::format("the label must be a number, got {}", quoted_word(word))};
}

/// Reads a line that holds a row; `put(index, value)` is called for its values in order.
template <class Put>
RowHead parse_row(std::string_view whole_line, Put&& put) {
  const std::string_view line = without_comment(whole_line);
  std::size_t at = 0;
  RowHead row{label_of(next_word(line, at), line), {}};
  std::int64_t last = -1;
  for (std::string_view word = next_word(line, at); !word.empty(); word = next_word(line, at)) {
    const auto place = static_cast<Index>(word.data() - line.data());
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) {
      throw LineProblem{place, fmt::format("a value is index:value, got {}", quoted_word(word))};
    }
    const std::string_view left = word.substr(0, colon);
    const std::string_view right = word.substr(colon + 1);
    const auto index = natural_of(left);
    if (left == "qid" && !row.query && last < 0) {
      row.query = natural_of(right);
      if (row.query && static_cast<double>(*row.query) <= most_whole) continue;
      throw LineProblem{place,
                        fmt::format("qid is a whole number up to 2^53, got {}", quoted_word(word))};
    }
    if (!index || *index > most_index) {
      throw LineProblem{place, fmt::format("an index is a whole number from 0 to {}, got {}",
                                           most_index, quoted_word(left))};
    }
    if (*index <= last) {
      throw LineProblem{place,
                        fmt::format("indices ascend in a row; {} stands behind {}", *index, last)};
    }
    last = *index;
    const std::optional<double> value = real_of(right);
    if (!value) {
      throw LineProblem{place + static_cast<Index>(colon) + 1,
                        fmt::format("a value is a number, got {}", quoted_word(right))};
    }
    put(last, *value);
  }
  return row;
}

/// What the rows of a piece hold.
struct PieceFacts {
  std::uint64_t first_row = 0;  ///< where it begins
  Index rows = 0;
  Index values = 0;
  Index queries = 0;                                              ///< rows that have one
  std::int64_t least = std::numeric_limits<std::int64_t>::max();  ///< index
  std::int64_t largest = -1;
  bool are_whole = true;  ///< labels
};

void add_row(std::string_view line, std::uint64_t offset, PieceFacts& facts) {
  if (is_blank_line(without_comment(line))) return;
  if (facts.rows == 0) facts.first_row = offset;
  const RowHead row = parse_row(line, [&](std::int64_t index, double) {
    ++facts.values;
    facts.least = std::min(facts.least, index);
    facts.largest = std::max(facts.largest, index);
  });
  ++facts.rows;
  if (row.query) ++facts.queries;
  const double label = row.label;
  const bool is_whole = label == std::floor(label) && std::fabs(label) <= most_whole;
  facts.are_whole = facts.are_whole && is_whole;
}

/// Of all pieces, on every rank. **Collective.**
std::vector<PieceFacts> facts_of(const Communicator& comm, const TextFile& file,
                                 std::uint64_t until, const LibsvmOptions& options,
                                 const ParallelFor& parallel_for) {
  const std::vector<TextPiece> pieces =
      text_pieces(file.bytes().text_begin(), until, options.piece_bytes);
  const Share share = share_of(std::ssize(pieces), comm.rank(), comm.size());
  std::vector<PieceFacts> mine(static_cast<std::size_t>(share.size()));
  read_pieces(comm, file, pieces, 0, parallel_for,
              [&](Index piece, std::string_view line, std::uint64_t offset) {
                add_row(line, offset, mine[static_cast<std::size_t>(piece - share.begin)]);
              });
  std::vector<PieceFacts> all;
  for (const auto& bytes : comm.gather_all(ByteWriter().put(mine).take())) {
    const auto theirs = ByteReader(bytes).values<PieceFacts>();
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  std::erase_if(all, [](const PieceFacts& facts) { return facts.rows == 0; });
  return all;
}

/// What all rows hold.
PieceFacts sum_of(const std::vector<PieceFacts>& pieces) {
  PieceFacts sum;
  for (const PieceFacts& piece : pieces) {
    sum.rows += piece.rows;
    sum.values += piece.values;
    sum.queries += piece.queries;
    sum.least = std::min(sum.least, piece.least);
    sum.largest = std::max(sum.largest, piece.largest);
    sum.are_whole = sum.are_whole && piece.are_whole;
  }
  return sum;
}

/// Goes to the rows one after the other.
class RowCursor {
 public:
  RowCursor(const CsvFile& file, std::uint64_t first_row) : lines_(file, first_row) {}
  bool next() {
    while (lines_.next()) {
      if (!is_blank_line(without_comment(lines_.line()))) return true;
    }
    return false;
  }
  std::uint64_t offset() const { return lines_.offset(); }
  std::string_view line() const { return lines_.line(); }

 private:
  LineCursor lines_;
};

class LibsvmSource final : public RowSource {
 public:
  LibsvmSource(TextFile file, const std::vector<PieceFacts>& pieces, std::int64_t first_index,
               RowFormat format)
      : file_(std::move(file)), first_index_(first_index), format_(std::move(format)) {
    for (const PieceFacts& piece : pieces) offsets_.push_back(piece.first_row);
  }

  const RowFormat& format() const override { return format_; }
  void require_unchanged() const override { file_.bytes().require_unchanged(); }

  void read(Index first, Index count, const RowSpan& out) const override {
    if (count == 0) return;
    const std::vector<Index>& rows = format_.sparse->rows;
    const auto piece = std::ranges::upper_bound(rows, first) - rows.begin() - 1;
    try {
      RowCursor cursor(file_.bytes(), offsets_[static_cast<std::size_t>(piece)]);
      for (Index row = rows[static_cast<std::size_t>(piece)]; row < first; ++row) {
        require(cursor.next());
      }
      for (Index i = 0; i < count; ++i) {
        require(cursor.next());
        put(cursor.line(), i, out);
      }
    } catch (const LineProblem&) {
      require(false);
    }
  }

 private:
  void require(bool is_as_before) const {
    if (is_as_before) return;
    throw FileError(fmt::format("'{}' changed while it was read; wait until nobody writes to it",
                                file_.path()));
  }

  void put(std::string_view line, Index i, const RowSpan& out) const {
    SparsePart& part = *out.sparse;
    const auto before = std::ssize(part.values);
    const RowHead row = parse_row(line, [&](std::int64_t index, double value) {
      require(index >= first_index_ && index - first_index_ < format_.columns);
      part.columns.push_back(static_cast<std::int32_t>(index - first_index_));
      part.values.push_back(value);
    });
    part.sizes.push_back(std::ssize(part.values) - before);
    out.y[i] = row.label;
    if (format_.others.empty()) return;
    require(row.query.has_value());
    out.others.front()[i] = static_cast<double>(*row.query);
  }

  TextFile file_;
  std::int64_t first_index_;
  RowFormat format_;
  std::vector<std::uint64_t> offsets_;  // of the first row of each piece
};

void require_rows(const std::string& path, const PieceFacts& all, std::int64_t first_index,
                  const LibsvmOptions& options) {
  if (all.rows == 0) throw DataError(fmt::format("{} holds no rows", path));
  if (all.queries != 0 && all.queries != all.rows) {
    throw DataError(fmt::format("{}: {} of {} rows have a qid; give it to all of them, or to none",
                                path, all.queries, all.rows));
  }
  if (all.values == 0 && !options.width) {
    throw DataError(fmt::format(
        "{}: no row holds a value, so that nobody knows how many columns there are; give --width",
        path));
  }
  if (all.values > 0 && all.least < first_index) {
    throw DataError(fmt::format(
        "{} holds the index 0, and with --zero-based no the first column is 1; leave it out",
        path));
  }
  if (options.width && all.largest - first_index >= *options.width) {
    throw DataError(fmt::format("{} holds the index {}, and with --width {} the last one is {}",
                                path, all.largest, *options.width,
                                *options.width - 1 + first_index));
  }
}

RowFormat format_of(const std::vector<PieceFacts>& pieces, const PieceFacts& all,
                    std::int64_t first_index, const LibsvmOptions& options) {
  RowFormat format;
  format.rows = all.rows;
  format.columns = options.width.value_or(all.largest - first_index + 1);
  format.is_float32 = options.is_float32;
  format.target.kind = all.are_whole ? TargetFormat::Kind::integer : TargetFormat::Kind::real;
  if (all.queries > 0) format.others.push_back({"/groups", {TargetFormat::Kind::integer}});
  format.sparse.emplace();
  for (const PieceFacts& piece : pieces) format.sparse->add(piece.rows, piece.values);
  return format;
}

/// Where the row with this number begins.
std::uint64_t offset_of(const TextFile& file, const std::vector<PieceFacts>& pieces, Index row) {
  std::size_t piece = 0;
  while (row >= pieces[piece].rows) row -= pieces[piece++].rows;
  RowCursor cursor(file.bytes(), pieces[piece].first_row);
  for (Index i = 0; i <= row; ++i) cursor.next();
  return cursor.offset();
}

}  // namespace

bool is_like_libsvm(std::string_view head) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find('\n'));
    const bool is_whole = line.size() < head.size();
    head.remove_prefix(std::min(head.size(), line.size() + 1));
    std::string_view row = without_comment(line);
    if (is_blank_line(row)) continue;
    // Of a line that goes on behind the head the last word may be half of one.
    if (!is_whole && line.size() > 40'000) row = row.substr(0, row.find_last_of(" \t"));
    Index values = 0;
    try {
      parse_row(row, [&](std::int64_t, double) { ++values; });
    } catch (const LineProblem&) {
      return false;
    }
    return values > 0;
  }
  return false;
}

ImportedSource open_libsvm(const Communicator& comm, const std::string& path,
                           const LibsvmOptions& options, const ParallelFor& parallel_for) {
  TextFile file = TextFile::open(comm, path, options.unpack_beside);
  std::vector<PieceFacts> pieces = facts_of(comm, file, file.bytes().size(), options, parallel_for);
  PieceFacts all = sum_of(pieces);
  if (options.rows && *options.rows < all.rows) {
    std::uint64_t until = 0;
    collectively(comm, [&] { until = offset_of(file, pieces, *options.rows); });
    pieces = facts_of(comm, file, until, options, parallel_for);
    all = sum_of(pieces);
  }
  ImportedSource imported;
  collectively(comm, [&] {
    const bool is_zero_based = options.zero_based.value_or(all.values > 0 && all.least == 0);
    const std::int64_t first_index = is_zero_based ? 0 : 1;
    require_rows(path, all, first_index, options);
    if (!options.zero_based && all.values > 0) {
      imported.notes.push_back(
          fmt::format("the least index is {}: the first column is {} (--zero-based says it)",
                      all.least, first_index));
    }
    if (all.queries > 0) imported.notes.push_back("the numbers behind qid: become /groups");
    imported.rows = std::make_unique<LibsvmSource>(std::move(file), pieces, first_index,
                                                   format_of(pieces, all, first_index, options));
  });
  return imported;
}

}  // namespace superstep
