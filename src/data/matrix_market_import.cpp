// SPDX-License-Identifier: BSD-3-Clause
// Sparse matrices of Matrix Market: coordinates in any order. They are read twice: how many values
// each row has, then, for each portion of rows, those that are in it.
#include <superstep/data/import.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include <superstep/data/buffer.hpp>
#include "data/text_pieces.hpp"

namespace superstep {

namespace {

constexpr Index most_columns = (Index{1} << 31) - 2;
constexpr Index most_rows = Index{1} << 48;
constexpr double most_whole = 0x1p53;
// Rows that are read by one task hold so many values, or are so many.
constexpr Index task_values = Index{1} << 15;
constexpr Index task_rows = Index{1} << 14;
// What a row takes beside its values: their number, on this rank and on its way to the others.
constexpr Index row_bytes = 32;

/// What stands before the entries.
struct Header {
  enum class Field { real, integer, pattern };
  Field field = Field::real;
  bool is_symmetric = false;
  Index rows = 0;
  Index columns = 0;
  Index entries = 0;
  Index lines = 0;
  std::uint64_t end = 0;  ///< where the entries begin
};

void read_kind(std::string_view line, Header& header) {
  std::size_t at = 0;
  std::array<std::string, 5> words;
  std::array<Index, 5> places{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = next_word(line, at);
    places[i] = static_cast<Index>(at - word.size());
    words[i] = to_lower(std::string(word));
  }
  const auto require = [&](std::size_t i, bool is_fine, const char* what) {
    if (!is_fine) {
      throw LineProblem{places[i], fmt::format("{}, got {}", what, quoted_word(words[i]))};
    }
  };
  require(0, words[0] == "%%matrixmarket", "a Matrix Market file begins with %%MatrixMarket");
  require(1, words[1] == "matrix", "only a matrix can be read");
  require(2, words[2] == "coordinate",
          "only coordinate, which is sparse, can be read (save an array as .npy)");
  const bool is_real = words[3] == "real" || words[3] == "double";
  require(3, is_real || words[3] == "integer" || words[3] == "pattern",
          "values are real, integer or pattern");
  require(4, words[4] == "general" || words[4] == "symmetric", "a matrix is general or symmetric");
  header.field = is_real                 ? Header::Field::real
                 : words[3] == "integer" ? Header::Field::integer
                                         : Header::Field::pattern;
  header.is_symmetric = words[4] == "symmetric";
}

void read_size(std::string_view line, Header& header) {
  std::size_t at = 0;
  for (Index* size : {&header.rows, &header.columns, &header.entries}) {
    const std::string_view word = next_word(line, at);
    const auto place = static_cast<Index>(at - word.size());
    const auto value = natural_of(word);
    if (!value) {
      throw LineProblem{place, fmt::format("the numbers of rows, columns and entries come first, "
                                           "got {}",
                                           quoted_word(word))};
    }
    if (*value > most_rows) {
      throw LineProblem{place, fmt::format("{} is more than can be read", quoted_word(word))};
    }
    *size = *value;
  }
  if (!is_blank_line(line.substr(at))) {
    throw LineProblem{static_cast<Index>(at), "more than three numbers stand here"};
  }
  if (header.is_symmetric && header.rows != header.columns) {
    throw LineProblem{0, "a symmetric matrix has as many rows as columns"};
  }
  if (header.rows < 1 || header.columns < 1) throw LineProblem{0, "the matrix is empty"};
}

Header read_header(const TextFile& file) {
  Header header;
  LineCursor lines(file.bytes(), file.bytes().text_begin());
  try {
    while (lines.next()) {
      ++header.lines;
      if (header.lines == 1) {
        read_kind(lines.line(), header);
      } else if (!lines.line().starts_with('%') && !is_blank_line(lines.line())) {
        read_size(lines.line(), header);
        header.end = std::min(lines.offset() + lines.line().size() + 1, file.bytes().size());
        return header;
      }
    }
  } catch (const LineProblem& problem) {
    throw DataError(fmt::format("{} line {}, column {}: {}", file.path(),
                                std::max<Index>(header.lines, 1), problem.at + 1, problem.what));
  }
  throw DataError(
      fmt::format("{} ends before the numbers of rows, columns and entries", file.path()));
}

struct Entry {
  Index row = 0;  ///< from 0
  Index column = 0;
  double value = 1.0;
};

Index coordinate_of(std::string_view line, std::size_t& at, Index most, const char* what) {
  const std::string_view word = next_word(line, at);
  const auto value = natural_of(word);
  if (value && *value >= 1 && *value <= most) return *value - 1;
  throw LineProblem{
      static_cast<Index>(at - word.size()),
      fmt::format("a {} is a number from 1 to {}, got {}", what, most, quoted_word(word))};
}

Entry parse_entry(std::string_view line, const Header& header) {
  std::size_t at = 0;
  Entry entry;
  entry.row = coordinate_of(line, at, header.rows, "row");
  entry.column = coordinate_of(line, at, header.columns, "column");
  if (header.field != Header::Field::pattern) {
    const std::string_view word = next_word(line, at);
    const auto value = real_of(word);
    const bool is_whole = value && *value == std::floor(*value) && std::fabs(*value) <= most_whole;
    if (!value || (header.field == Header::Field::integer && !is_whole)) {
      throw LineProblem{
          static_cast<Index>(at - word.size()),
          fmt::format(
              "a value is {}, got {}",
              header.field == Header::Field::integer ? "a whole number up to 2^53" : "a number",
              quoted_word(word))};
    }
    entry.value = *value;
  }
  const std::string_view more = next_word(line, at);
  if (more.empty()) return entry;
  throw LineProblem{static_cast<Index>(at - more.size()),
                    fmt::format("{} stands behind the entry", quoted_word(more))};
}

bool is_entry(std::string_view line) { return !line.starts_with('%') && !is_blank_line(line); }

/// Which entries of a file are which values of the rows that are made.
struct Orientation {
  Header header;
  bool transpose = false;
  Index rows = 0;  ///< only the first so many

  Index all_rows() const { return transpose ? header.columns : header.rows; }
  Index columns() const { return transpose ? header.rows : header.columns; }

  /// Calls put(row, column, value) for the entry, and for the one across the diagonal.
  template <class Put>
  void unfold(std::string_view line, Put&& put) const {
    Entry entry = parse_entry(line, header);
    if (transpose) std::swap(entry.row, entry.column);
    if (entry.row < rows) put(entry.row, entry.column, entry.value);
    const bool is_twice = header.is_symmetric && entry.row != entry.column;
    if (is_twice && entry.column < rows) put(entry.column, entry.row, entry.value);
  }
};

/// What the entries of a piece of the text are.
struct PieceFacts {
  Index entries = 0;
  Index least = std::numeric_limits<Index>::max();  ///< row
  Index largest = -1;
};

class MatrixMarketSource final : public RowSource {
 public:
  /// `begins`: how many values the rows before each hold.
  MatrixMarketSource(TextFile file, Orientation orientation, std::vector<TextPiece> pieces,
                     std::vector<PieceFacts> facts, std::vector<Index> begins,
                     std::vector<double> y, RowFormat format)
      : file_(std::move(file)),
        orientation_(orientation),
        pieces_(std::move(pieces)),
        facts_(std::move(facts)),
        begins_(std::move(begins)),
        y_(std::move(y)),
        format_(std::move(format)) {}

  const RowFormat& format() const override { return format_; }
  void require_unchanged() const override { file_.bytes().require_unchanged(); }
  void prepare(Index first, Index count, const ParallelFor& parallel_for) const override;
  void read(Index first, Index count, const RowSpan& out) const override;

 private:
  Index begin_of(Index row) const { return begins_[static_cast<std::size_t>(row)]; }
  void find(const TextPiece& piece) const;
  void order(Index row, std::vector<std::pair<std::int32_t, double>>& values) const;
  [[noreturn]] void throw_changed() const {
    throw FileError(fmt::format("'{}' changed while it was read; wait until nobody writes to it",
                                file_.path()));
  }

  TextFile file_;
  Orientation orientation_;
  std::vector<TextPiece> pieces_;
  std::vector<PieceFacts> facts_;
  std::vector<Index> begins_;
  std::vector<double> y_;
  RowFormat format_;
  // The rows of the portion.
  mutable Index first_ = 0;
  mutable Index count_ = 0;
  mutable std::vector<Index> found_;  // values of each row
  mutable Buffer<std::int32_t> columns_;
  mutable Buffer<double> values_;
};

void MatrixMarketSource::prepare(Index first, Index count, const ParallelFor& parallel_for) const {
  first_ = first;
  count_ = count;
  if (count == 0) return;
  found_.assign(static_cast<std::size_t>(count), 0);
  columns_.grow(begin_of(first + count) - begin_of(first));
  values_.grow(begin_of(first + count) - begin_of(first));
  std::vector<std::size_t> needed;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (facts_[i].least < first + count && facts_[i].largest >= first) needed.push_back(i);
  }
  parallel_for(std::ssize(needed),
               [&](Index task) { find(pieces_[needed[static_cast<std::size_t>(task)]]); });
  constexpr Index rows_a_task = 4096;
  parallel_for((count + rows_a_task - 1) / rows_a_task, [&](Index task) {
    std::vector<std::pair<std::int32_t, double>> values;
    const Index end = std::min((task + 1) * rows_a_task, count);
    for (Index row = task * rows_a_task; row < end; ++row) order(first + row, values);
  });
}

/// Puts those entries of a piece of the text that are in the portion where their rows are, in any
/// order.
void MatrixMarketSource::find(const TextPiece& piece) const {
  const Index portion = begin_of(first_);
  try {
    PieceLines lines(file_.bytes(), pieces_.front().begin, piece);
    while (lines.next()) {
      if (!is_entry(lines.line())) continue;
      orientation_.unfold(lines.line(), [&](Index row, Index column, double value) {
        if (row < first_ || row >= first_ + count_) return;
        std::atomic_ref<Index> found(found_[static_cast<std::size_t>(row - first_)]);
        const Index place = begin_of(row) + found.fetch_add(1, std::memory_order_relaxed);
        if (place >= begin_of(row + 1)) throw_changed();
        columns_.data()[place - portion] = static_cast<std::int32_t>(column);
        values_.data()[place - portion] = value;
      });
    }
  } catch (const LineProblem&) {
    throw_changed();
  }
}

/// Columns ascending. DataError where one stands twice.
void MatrixMarketSource::order(Index row,
                               std::vector<std::pair<std::int32_t, double>>& values) const {
  const Index n = begin_of(row + 1) - begin_of(row);
  if (found_[static_cast<std::size_t>(row - first_)] != n) throw_changed();
  std::int32_t* const columns = columns_.data() + (begin_of(row) - begin_of(first_));
  double* const numbers = values_.data() + (begin_of(row) - begin_of(first_));
  if (std::adjacent_find(columns, columns + n, std::greater_equal<>()) == columns + n) return;
  values.clear();
  for (Index k = 0; k < n; ++k) values.emplace_back(columns[k], numbers[k]);
  std::ranges::sort(values, {}, [](const auto& value) { return value.first; });
  for (Index k = 0; k < n; ++k) {
    std::tie(columns[k], numbers[k]) = values[static_cast<std::size_t>(k)];
    if (k == 0 || columns[k] != columns[k - 1]) continue;
    const auto column = static_cast<Index>(columns[k]);
    throw DataError(fmt::format("{} holds the entry in row {}, column {} twice; add them up",
                                file_.path(), (orientation_.transpose ? column : row) + 1,
                                (orientation_.transpose ? row : column) + 1));
  }
}

void MatrixMarketSource::read(Index first, Index count, const RowSpan& out) const {
  SparsePart& part = *out.sparse;
  const Index from = begin_of(first) - begin_of(first_);
  const Index n = begin_of(first + count) - begin_of(first);
  part.columns.insert(part.columns.end(), columns_.data() + from, columns_.data() + from + n);
  part.values.insert(part.values.end(), values_.data() + from, values_.data() + from + n);
  for (Index i = 0; i < count; ++i) {
    part.sizes.push_back(begin_of(first + i + 1) - begin_of(first + i));
    if (!y_.empty()) out.y[i] = y_[static_cast<std::size_t>(first + i)];
  }
}

/// The numbers of a file that has one a line. **Collective.**
std::vector<double> read_numbers(const Communicator& comm, const std::string& path,
                                 const MatrixMarketOptions& options,
                                 const ParallelFor& parallel_for) {
  const TextFile file = TextFile::open(comm, path, options.unpack_beside);
  const auto pieces =
      text_pieces(file.bytes().text_begin(), file.bytes().size(), options.piece_bytes);
  const Share share = share_of(std::ssize(pieces), comm.rank(), comm.size());
  std::vector<std::vector<double>> found(static_cast<std::size_t>(share.size()));
  read_pieces(
      comm, file, pieces, 0, parallel_for, [&](Index piece, std::string_view line, std::uint64_t) {
        if (is_blank_line(line)) return;
        std::size_t at = 0;
        const std::string_view word = next_word(line, at);
        const auto value = real_of(word);
        if (!value || !is_blank_line(line.substr(at))) {
          throw LineProblem{
              static_cast<Index>(at - word.size()),
              fmt::format("a line holds one number, got {}", quoted_word(value ? line : word))};
        }
        found[static_cast<std::size_t>(piece - share.begin)].push_back(*value);
      });
  std::vector<double> mine;
  for (const auto& values : found) mine.insert(mine.end(), values.begin(), values.end());
  std::vector<double> all;
  for (const auto& bytes : comm.gather_all(ByteWriter().put(mine).take())) {
    const auto theirs = ByteReader(bytes).values<double>();
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  return all;
}

void require_memory(const Communicator& comm, const std::string& path, Index rows,
                    const MatrixMarketOptions& options) {
  const Index needed = rows * row_bytes;
  if (options.memory == 0 || comm.min(static_cast<Index>(options.memory)) >= needed) return;
  throw AgreedError(ExitCode::memory,
                    fmt::format("{}: the numbers of values in {} rows need {} of memory per rank, "
                                "more than the budget; give a larger --memory",
                                path, rows, format_bytes(needed)));
}

/// Of each piece, on every rank; `counts`: of each row. **Collective.**
std::vector<PieceFacts> count_values(const Communicator& comm, const TextFile& file,
                                     const Orientation& orientation,
                                     const std::vector<TextPiece>& pieces,
                                     const ParallelFor& parallel_for,
                                     std::vector<std::int64_t>& counts) {
  const Share share = share_of(std::ssize(pieces), comm.rank(), comm.size());
  std::vector<PieceFacts> mine(static_cast<std::size_t>(share.size()));
  counts.assign(static_cast<std::size_t>(orientation.rows), 0);
  read_pieces(comm, file, pieces, orientation.header.lines, parallel_for,
              [&](Index piece, std::string_view line, std::uint64_t) {
                if (!is_entry(line)) return;
                PieceFacts& facts = mine[static_cast<std::size_t>(piece - share.begin)];
                ++facts.entries;
                orientation.unfold(line, [&](Index row, Index, double) {
                  facts.least = std::min(facts.least, row);
                  facts.largest = std::max(facts.largest, row);
                  std::atomic_ref<std::int64_t>(counts[static_cast<std::size_t>(row)])
                      .fetch_add(1, std::memory_order_relaxed);
                });
              });
  comm.sum(counts);
  std::vector<PieceFacts> all;
  for (const auto& bytes : comm.gather_all(ByteWriter().put(mine).take())) {
    const auto theirs = ByteReader(bytes).values<PieceFacts>();
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  return all;
}

void require_entries(const std::string& path, const Header& header,
                     const std::vector<PieceFacts>& facts) {
  Index entries = 0;
  for (const PieceFacts& piece : facts) entries += piece.entries;
  if (entries == header.entries) return;
  throw DataError(
      fmt::format("{} says that it has {} entries, and has {}", path, header.entries, entries));
}

SparseShape shape_of(const std::vector<std::int64_t>& counts,
                     const std::vector<PieceFacts>& facts) {
  SparseShape shape;
  Index rows = 0, values = 0;
  for (const std::int64_t count : counts) {
    ++rows;
    values += count;
    if (values < task_values && rows < task_rows) continue;
    shape.add(rows, values);
    rows = values = 0;
  }
  if (rows > 0) shape.add(rows, values);
  Index looked_at = 0;
  for (const PieceFacts& piece : facts) {
    looked_at += std::max<Index>(piece.largest - piece.least + 1, 0) * (piece.largest >= 0 ? 1 : 0);
  }
  shape.wants_large_portions = looked_at > 4 * std::ssize(counts);
  return shape;
}

}  // namespace

ImportedSource open_matrix_market(const Communicator& comm, const std::string& path,
                                  const MatrixMarketOptions& options,
                                  const ParallelFor& parallel_for) {
  TextFile file = TextFile::open(comm, path, options.unpack_beside);
  Orientation orientation;
  orientation.transpose = options.transpose;
  collectively(comm, [&] {
    orientation.header = read_header(file);
    if (orientation.columns() > most_columns) {
      throw DataError(fmt::format("{} has {} columns; at most {} can be written", path,
                                  orientation.columns(), most_columns));
    }
  });
  orientation.rows = std::min(options.rows.value_or(most_rows), orientation.all_rows());
  require_memory(comm, path, orientation.rows, options);
  std::vector<TextPiece> pieces =
      text_pieces(orientation.header.end, file.bytes().size(), options.piece_bytes);
  std::vector<std::int64_t> counts;
  std::vector<PieceFacts> facts =
      count_values(comm, file, orientation, pieces, parallel_for, counts);
  std::vector<double> y;
  if (options.y) y = read_numbers(comm, *options.y, options, parallel_for);
  ImportedSource imported;
  collectively(comm, [&] {
    require_entries(path, orientation.header, facts);
    if (options.y && std::ssize(y) != orientation.all_rows()) {
      throw DataError(fmt::format("{} holds {} numbers, and {} has {} rows{}", *options.y, y.size(),
                                  path, orientation.all_rows(),
                                  options.transpose ? " when it is transposed" : ""));
    }
    RowFormat format;
    format.rows = orientation.rows;
    format.columns = orientation.columns();
    format.is_float32 = options.is_float32;
    if (options.y) {
      const bool are_whole = std::ranges::all_of(y, [](double value) {
        return value == std::floor(value) && std::fabs(value) <= most_whole;
      });
      format.target.kind = are_whole ? TargetFormat::Kind::integer : TargetFormat::Kind::real;
    }
    format.sparse = shape_of(counts, facts);
    if (orientation.header.is_symmetric) {
      imported.notes.push_back("the matrix is symmetric: both halves are written");
    }
    std::vector<Index> begins(counts.size() + 1, 0);
    std::partial_sum(counts.begin(), counts.end(), begins.begin() + 1);
    imported.rows = std::make_unique<MatrixMarketSource>(
        std::move(file), orientation, std::move(pieces), std::move(facts), std::move(begins),
        std::move(y), std::move(format));
  });
  return imported;
}

}  // namespace superstep
