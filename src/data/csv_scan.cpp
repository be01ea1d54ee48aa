// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_scan.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/data/block.hpp>
#include "data/csv_share.hpp"

namespace superstep {

namespace {

constexpr std::uint64_t least_piece_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t most_pieces = 65'536;

std::vector<CsvPiece> pieces_of(const Communicator& comm, const CsvFile& file,
                                std::uint64_t piece_bytes) {
  const std::uint64_t bytes = file.size() - std::min(file.size(), file.text_begin());
  if (piece_bytes == 0) piece_bytes = std::max(least_piece_bytes, bytes / most_pieces);
  const auto n = static_cast<Index>((bytes + piece_bytes - 1) / piece_bytes);
  const Share share = share_of(n, comm.rank(), comm.size());
  std::vector<CsvPiece> pieces(static_cast<std::size_t>(share.size()));
  for (Index i = share.begin; i < share.end; ++i) {
    CsvPiece& piece = pieces[static_cast<std::size_t>(i - share.begin)];
    piece.begin = file.text_begin() + static_cast<std::uint64_t>(i) * piece_bytes;
    piece.end = std::min(piece.begin + piece_bytes, file.size());
  }
  return pieces;
}

/// What lies before this rank's pieces.
struct Before {
  bool is_quoted = false;
  std::uint64_t lines = 0;
  Index rows = 0;
};

Before gather_before(const Communicator& comm, const CsvShareScan& scan) {
  const auto all = comm.gather_all(
      ByteWriter().put(scan.has_odd_quotes()).put(scan.lines()).put(scan.rows()).take());
  Before before;
  for (int rank = 0; rank < comm.rank(); ++rank) {
    ByteReader in(all[static_cast<std::size_t>(rank)]);
    before.is_quoted = before.is_quoted != in.get<bool>();
    before.lines += in.get<std::uint64_t>();
    before.rows += in.get<Index>();
  }
  return before;
}

/// Throws the first problem of the file, if there is any, in the same words everywhere.
void report_problem(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan,
                    const Before& before) {
  std::string mine;
  collectively(comm, [&] {
    const std::optional<CsvProblem>& problem = scan.facts().problem;
    if (!problem) return;
    mine = fmt::format("{} line {} {}", file.path(),
                       1 + before.lines + scan.lines_until(problem->offset), problem->what);
  });
  for (const auto& bytes : comm.gather_all(ByteWriter().put(std::string_view(mine)).take())) {
    const std::string message = ByteReader(bytes).text();
    if (!message.empty()) throw AgreedError(ExitCode::bad_data, message);
  }
}

/// Every byte belongs to the pieces of one rank.
void require_all_scanned(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan) {
  Index scanned = 0;
  for (const CsvPiece& piece : scan.pieces())
    scanned += static_cast<Index>(piece.end - piece.begin);
  const auto expected = static_cast<Index>(file.size() - std::min(file.size(), file.text_begin()));
  if (comm.sum(scanned) == expected) return;
  throw AgreedError(
      ExitCode::file,
      fmt::format("'{}' changed while it was read; wait until nobody writes to it", file.path()));
}

CsvIndex gather_index(const Communicator& comm, const CsvShareScan& scan) {
  std::vector<Index> rows;
  std::vector<std::uint64_t> offsets;
  for (const CsvPiece& piece : scan.pieces()) {
    if (piece.rows == 0) continue;
    rows.push_back(piece.rows);
    offsets.push_back(piece.first_record);
  }
  CsvIndex index;
  for (const auto& bytes : comm.gather_all(ByteWriter().put(rows).put(offsets).take())) {
    ByteReader in(bytes);
    for (const Index n : in.values<Index>()) {
      index.first_row.push_back(index.rows);
      index.rows += n;
    }
    for (const std::uint64_t offset : in.values<std::uint64_t>()) index.offset.push_back(offset);
  }
  return index;
}

std::vector<CsvText> gather_texts(const Communicator& comm, const CsvColumns& columns,
                                  const CsvShareScan& scan, const Before& before) {
  ByteWriter mine;
  collectively(comm, [&] {
    std::uint64_t n = 0;
    for (const CsvFoundText& found : scan.facts().texts) n += found.piece >= 0 ? 1 : 0;
    mine.put(n);
    for (std::size_t c = 0; c < scan.facts().texts.size(); ++c) {
      const CsvFoundText& found = scan.facts().texts[c];
      if (found.piece < 0) continue;
      mine.put(static_cast<Index>(c));
      mine.put(before.rows + scan.rows_before(found.piece) + found.row_of_piece);
      mine.put(1 + before.lines + scan.lines_until(found.piece, found.offset));
      mine.put(std::string_view(found.text));
    }
  });
  // Ranks hold parts of the file in order: the first one that found something counts.
  std::vector<std::optional<CsvText>> first(static_cast<std::size_t>(columns.size()));
  for (const auto& bytes : comm.gather_all(mine.take())) {
    ByteReader in(bytes);
    for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
      CsvText text;
      text.column = in.get<Index>();
      text.row = in.get<Index>();
      text.line = in.get<std::uint64_t>();
      text.text = in.text();
      auto& place = first[static_cast<std::size_t>(text.column)];
      if (!place) place = std::move(text);
    }
  }
  std::vector<CsvText> texts;
  for (auto& text : first) {
    if (text) texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<CsvText> gather_inexact(const Communicator& comm, const CsvShareScan& scan,
                                      const Before& before) {
  ByteWriter mine;
  collectively(comm, [&] {
    const CsvFoundText& found = scan.facts().first_inexact_target;
    mine.put(found.piece >= 0);
    if (found.piece < 0) return;
    mine.put(before.rows + scan.rows_before(found.piece) + found.row_of_piece);
    mine.put(1 + before.lines + scan.lines_until(found.piece, found.offset));
    mine.put(std::string_view(found.text));
  });
  for (const auto& bytes : comm.gather_all(mine.take())) {
    ByteReader in(bytes);
    if (!in.get<bool>()) continue;
    CsvText text;
    text.row = in.get<Index>();
    text.line = in.get<std::uint64_t>();
    text.text = in.text();
    return text;
  }
  return std::nullopt;
}

CsvTarget gather_target(const Communicator& comm, const CsvColumns& columns,
                        const CsvShareScan& scan, const Before& before, bool has_texts) {
  const CsvFacts& facts = scan.facts();
  CsvTarget target;
  target.missing = comm.sum(facts.target_missing);
  target.is_whole = comm.min(Index{facts.is_whole ? 1 : 0}) == 1;
  const CsvFoundText& missing = facts.first_missing_target;
  constexpr Index none = std::numeric_limits<Index>::max();
  const Index row = missing.piece < 0
                        ? none
                        : before.rows + scan.rows_before(missing.piece) + missing.row_of_piece;
  target.first_missing_row = comm.min(row);
  if (target.missing == 0) target.first_missing_row = -1;
  target.inexact = gather_inexact(comm, scan, before);
  if (!has_texts || columns.target < 0) return target;

  target.has_too_many = comm.max(Index{facts.has_too_many ? 1 : 0}) == 1;
  if (target.has_too_many) return target;
  ByteWriter mine;
  mine.put(std::uint64_t{facts.target_texts.size()});
  for (const std::string& text : facts.target_texts) mine.put(std::string_view(text));
  for (const auto& bytes : comm.gather_all(mine.take())) {
    ByteReader in(bytes);
    for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
      target.texts.push_back(columns.style.text(in.text()));
    }
  }
  std::ranges::sort(target.texts);
  target.texts.erase(std::unique(target.texts.begin(), target.texts.end()), target.texts.end());
  target.has_too_many = target.texts.size() > most_class_texts;
  return target;
}

/// Features of which no rank has seen a value.
std::vector<Index> gather_empty(const Communicator& comm, const CsvColumns& columns,
                                const CsvShareScan& scan) {
  const std::vector<char>& mine = scan.facts().has_value;
  std::vector<double> has_value(mine.begin(), mine.end());
  comm.max(has_value);
  std::vector<Index> empty;
  for (std::size_t c = 0; c < has_value.size(); ++c) {
    if (has_value[c] == 0.0 && columns.roles[c] == CsvColumns::Role::feature) {
      empty.push_back(static_cast<Index>(c));
    }
  }
  return empty;
}

}  // namespace

CsvFindings scan_csv(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                     std::uint64_t piece_bytes, const ParallelFor& parallel_for) {
  CsvShareScan scan(file, columns, pieces_of(comm, file, piece_bytes), parallel_for);
  // That a rank's part begins outside of quotes is a good guess; where it is wrong the part is read
  // again.
  collectively(comm, [&] { scan.run(false); });
  const bool starts_quoted = gather_before(comm, scan).is_quoted;
  collectively(comm, [&] {
    if (starts_quoted) scan.run(true);
  });
  const Before before = gather_before(comm, scan);
  collectively(comm, [&] { file.require_unchanged(); });
  require_all_scanned(comm, file, scan);
  report_problem(comm, file, scan, before);

  CsvFindings findings;
  findings.index = gather_index(comm, scan);
  findings.texts = gather_texts(comm, columns, scan, before);
  const bool target_has_texts = std::ranges::any_of(
      findings.texts, [&](const CsvText& t) { return t.column == columns.target; });
  findings.target = gather_target(comm, columns, scan, before, target_has_texts);
  findings.missing = comm.sum(scan.facts().missing);
  findings.empty = gather_empty(comm, columns, scan);
  return findings;
}

}  // namespace superstep
