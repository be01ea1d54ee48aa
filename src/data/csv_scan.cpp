// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_scan.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/block.hpp>
#include "data/csv_rows.hpp"
#include "data/csv_share.hpp"

namespace superstep {

namespace {

constexpr std::uint64_t least_piece_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t most_pieces = 65'536;

/// Of the bytes before `until`, of all ranks.
std::vector<CsvPiece> all_pieces(const CsvFile& file, std::uint64_t piece_bytes,
                                 std::uint64_t until) {
  if (piece_bytes == 0) piece_bytes = std::max(least_piece_bytes, until / most_pieces);
  std::vector<CsvPiece> pieces;
  for (Index part = 0; part < file.parts(); ++part) {
    const std::uint64_t part_end = std::min(file.end_of(part), until);
    for (std::uint64_t begin = file.text_begin(part); begin < part_end; begin += piece_bytes) {
      CsvPiece& piece = pieces.emplace_back();
      piece.part = part;
      piece.begins_part = begin == file.text_begin(part);
      piece.begin = begin;
      piece.end = std::min(begin + piece_bytes, part_end);
    }
  }
  return pieces;
}

std::vector<CsvPiece> pieces_of(const Communicator& comm, const std::vector<CsvPiece>& all) {
  const Share share = share_of(std::ssize(all), comm.rank(), comm.size());
  return {all.begin() + share.begin, all.begin() + share.end};
}

/// What lies before this rank's pieces.
struct Before {
  bool is_quoted = false;
  std::uint64_t lines = 0;  ///< of the file that the first piece belongs to
  Index rows = 0;
};

Before gather_before(const Communicator& comm, const CsvShareScan& scan) {
  const auto all = comm.gather_all(ByteWriter()
                                       .put(scan.begins_part())
                                       .put(scan.has_odd_quotes())
                                       .put(scan.lines())
                                       .put(scan.rows())
                                       .take());
  Before before;
  for (int rank = 0; rank < comm.rank(); ++rank) {
    ByteReader in(all[static_cast<std::size_t>(rank)]);
    if (in.get<bool>()) before = {false, 0, before.rows};
    before.is_quoted = before.is_quoted != in.get<bool>();
    before.lines += in.get<std::uint64_t>();
    before.rows += in.get<Index>();
  }
  const bool begins_file = !scan.pieces().empty() && scan.pieces().front().begins_part;
  return begins_file ? Before{false, 0, before.rows} : before;
}

/// Throws the first problem of the file, if there is any, in the same words everywhere.
void report_problem(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan,
                    const Before& before) {
  std::string mine;
  collectively(comm, [&] {
    const std::optional<CsvProblem>& problem = scan.facts().problem;
    if (!problem) return;
    mine = fmt::format("{} line {} {}", file.path_of(file.part_of(problem->offset)),
                       scan.line_of(scan.piece_of(problem->offset), problem->offset, before.lines),
                       problem->what);
  });
  for (const auto& bytes : comm.gather_all(ByteWriter().put(std::string_view(mine)).take())) {
    const std::string message = ByteReader(bytes).text();
    if (!message.empty()) throw AgreedError(ExitCode::bad_data, message);
  }
}

Index bytes_of(const std::vector<CsvPiece>& pieces) {
  Index bytes = 0;
  for (const CsvPiece& piece : pieces) bytes += static_cast<Index>(piece.end - piece.begin);
  return bytes;
}

/// Every byte belongs to the pieces of one rank.
void require_all_scanned(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan,
                         const std::vector<CsvPiece>& all) {
  if (comm.sum(bytes_of(scan.pieces())) == bytes_of(all)) return;
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

/// Writes places of this rank; the lines before a byte are counted once, because thousands of
/// columns find something in the same line.
class PlaceWriter {
 public:
  PlaceWriter(const CsvFile& file, const CsvShareScan& scan, const Before& before)
      : file_(file), scan_(scan), before_(before) {}
  void put(ByteWriter& out, const CsvFoundText& found) {
    const auto [line, is_new] = lines_.try_emplace({found.piece, found.offset}, 0);
    if (is_new) line->second = scan_.line_of(found.piece, found.offset, before_.lines);
    out.put(before_.rows + scan_.rows_before(found.piece) + found.row_of_piece);
    out.put(std::string_view(file_.path_of(file_.part_of(found.offset))));
    out.put(line->second);
    out.put(std::string_view(found.text));
  }

 private:
  const CsvFile& file_;
  const CsvShareScan& scan_;
  const Before& before_;
  std::map<std::pair<Index, std::uint64_t>, std::uint64_t> lines_;
};

CsvText get_place(ByteReader& in, const CsvFile& file) {
  CsvText text;
  text.is_one_of_many = file.parts() > 1;
  text.row = in.get<Index>();
  text.path = in.text();
  text.line = in.get<std::uint64_t>();
  text.text = in.text();
  return text;
}

/// Ranks hold parts of the file in order: of places, those of the first rank that found any count.
std::vector<CsvColumnFindings> gather_columns(const Communicator& comm, const CsvFile& file,
                                              const CsvShareScan& scan, const Before& before) {
  ByteWriter mine;
  const CsvFacts& facts = scan.facts();
  collectively(comm, [&] {
    for (const CsvColumnFacts& c : facts.columns) {
      mine.put(c.types).put(c.marks).put(c.values).put(c.missing).put(c.numbers).put(c.dates);
    }
    mine.put(std::uint64_t{facts.places.size()});
    PlaceWriter places(file, scan, before);
    for (const auto& [key, found] : facts.places) {
      mine.put(key.first).put(key.second);
      places.put(mine, found);
    }
  });
  std::vector<CsvColumnFindings> columns(facts.columns.size());
  for (const auto& bytes : comm.gather_all(mine.take())) {
    ByteReader in(bytes);
    for (CsvColumnFindings& c : columns) {
      c.types &= in.get<std::uint8_t>();
      c.marks |= in.get<std::uint8_t>();
      c.values += in.get<Index>();
      c.missing += in.get<Index>();
      c.numbers += in.get<Index>();
      c.dates += in.get<Index>();
    }
    for (auto n = in.get<std::uint64_t>(); n > 0; --n) {
      const auto column = static_cast<std::size_t>(in.get<Index>());
      const auto place = static_cast<std::size_t>(in.get<CsvPlace>());
      CsvText text = get_place(in, file);
      auto& first = columns[column].first[place];
      if (!first) first = std::move(text);
    }
  }
  return columns;
}

std::optional<CsvText> gather_inexact(const Communicator& comm, const CsvFile& file,
                                      const CsvShareScan& scan, const Before& before) {
  ByteWriter mine;
  collectively(comm, [&] {
    const CsvFoundText& found = scan.facts().first_inexact_target;
    if (found.piece >= 0) PlaceWriter(file, scan, before).put(mine, found);
  });
  for (const auto& bytes : comm.gather_all(mine.take())) {
    if (bytes.empty()) continue;
    ByteReader in(bytes);
    return get_place(in, file);
  }
  return std::nullopt;
}

CsvTarget gather_target(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan,
                        const Before& before) {
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
  target.inexact = gather_inexact(comm, file, scan, before);
  return target;
}

CsvBadRows gather_bad_rows(const Communicator& comm, const CsvFile& file, const CsvShareScan& scan,
                           const Before& before) {
  const CsvFacts& facts = scan.facts();
  CsvBadRows bad;
  bad.rows = comm.sum(facts.bad_rows);
  if (bad.rows == 0) return bad;
  bad.lines = comm.sum(facts.bad_lines);
  ByteWriter mine;
  collectively(comm, [&] {
    PlaceWriter places(file, scan, before);
    for (const CsvFoundText& row : facts.first_bad_rows) places.put(mine, row);
  });
  for (const auto& bytes : comm.gather_all(mine.take())) {
    ByteReader in(bytes);
    while (!in.at_end()) bad.first.push_back(get_place(in, file));
  }
  bad.first.resize(std::min(bad.first.size(), most_bad_rows_told));
  return bad;
}

/// One column's texts of all ranks: each rank in turn tells those that no rank before it knew.
void gather_texts(const Communicator& comm, const CsvColumnFacts& mine, const CellStyle& style,
                  CsvColumnFindings& found) {
  CsvColumnFacts all;
  for (int rank = 0; rank < comm.size() && !all.has_too_many; ++rank) {
    ByteWriter out;
    if (rank == comm.rank() && mine.texts) {
      for (Index i = 0; i < mine.texts->size(); ++i) {
        const std::string_view text = (*mine.texts)[i];
        if (!all.texts || all.texts->find(text) < 0) out.put(text);
      }
    }
    std::vector<std::byte> bytes = out.take();
    comm.broadcast(bytes, rank);
    ByteReader in(bytes);
    while (!in.at_end()) all.keep_text(in.text());
  }
  found.has_too_many = all.has_too_many;
  if (!all.texts) return;
  for (Index i = 0; i < all.texts->size(); ++i) {
    found.texts.push_back(style.text((*all.texts)[i]));
  }
  std::ranges::sort(found.texts);
}

/// The different texts of the columns that were collected.
void gather_collected(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                      const CsvShareScan& scan, const Before& before,
                      const std::vector<char>& collects, std::vector<CsvColumnFindings>& found) {
  const std::vector<CsvColumnFindings> places = gather_columns(comm, file, scan, before);
  std::vector<std::int64_t> sums;  // bytes, and ranks that met too many
  for (const CsvColumnFacts& c : scan.facts().columns) {
    sums.push_back(c.text_bytes);
    sums.push_back(c.has_too_many ? 1 : 0);
  }
  comm.sum(sums);
  for (std::size_t c = 0; c < found.size(); ++c) {
    if (collects[c] == 0) continue;
    found[c].is_collected = true;
    found[c].text_bytes = sums[2 * c];
    const auto bad = static_cast<std::size_t>(CsvPlace::bad_text);
    found[c].first[bad] = places[c].first[bad];
    if (sums[2 * c + 1] > 0) {
      found[c].has_too_many = true;
    } else if (is_text(found[c], columns.forced[c]) || static_cast<Index>(c) == columns.target) {
      gather_texts(comm, scan.facts().columns[c], columns.style, found[c]);
    }
  }
}

/// What the first megabyte holds.
std::vector<CsvColumnFindings> look_at_beginning(const CsvFile& file, const CsvColumns& columns) {
  constexpr std::uint64_t looked_at = std::uint64_t{1} << 20;
  std::vector<CsvColumnFindings> found(static_cast<std::size_t>(columns.size()));
  try {
    CsvCursor cursor(file, file.text_begin());
    while (cursor.next() && cursor.offset() < file.text_begin() + looked_at) {
      if (cursor.offset() < file.data_begin(cursor.part())) continue;
      const std::size_t n = std::min(cursor.fields().size(), found.size());
      for (std::size_t c = 0; c < n; ++c) {
        const CsvField& field = cursor.fields()[c];
        if (is_missing_value(field, columns.style)) continue;
        ++found[c].values;
        found[c].types &= types_of(field.text, columns.forced[c], columns.style).types;
      }
    }
  } catch (const CsvProblem&) {
    // The reading that counts will say so.
  }
  return found;
}

/// Which columns the beginning of the file shows to be text, so that one reading is enough.
std::vector<char> guess_texts(const Communicator& comm, const CsvFile& file,
                              const CsvColumns& columns) {
  std::string collects(static_cast<std::size_t>(columns.size()), 0);
  on_root(comm, [&] {
    const std::vector<CsvColumnFindings> found = look_at_beginning(file, columns);
    for (std::size_t c = 0; c < collects.size(); ++c) {
      const bool is_feature = columns.roles[c] == CsvColumns::Role::feature;
      const bool is_class = static_cast<Index>(c) == columns.target && found[c].values > 0 &&
                            (found[c].types & can_be::number) == 0;
      collects[c] = is_class || (is_feature && is_text(found[c], columns.forced[c])) ? 1 : 0;
    }
  });
  collects = comm.broadcast(collects);
  return {collects.begin(), collects.end()};
}

/// Where the record of row `row` begins.
std::uint64_t offset_of(const CsvFile& file, const CsvColumns& columns, const CsvIndex& index,
                        Index row) {
  const auto after = std::ranges::upper_bound(index.first_row, row);
  const auto piece = static_cast<std::size_t>(after - index.first_row.begin() - 1);
  CsvRows rows(file, columns, index.offset[piece]);
  for (Index r = index.first_row[piece]; r <= row; ++r) rows.skip();
  return rows.offset();
}

/// The first reading, and another for what is text to everybody's surprise.
class Reading {
 public:
  Reading(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
          std::uint64_t piece_bytes, const ParallelFor& parallel_for)
      : comm_(comm),
        file_(file),
        columns_(columns),
        piece_bytes_(piece_bytes),
        parallel_for_(parallel_for) {}

  /// Of the records that begin before `until`.
  CsvFindings read(std::uint64_t until, const std::vector<char>& collects) const {
    const std::vector<CsvPiece> pieces = all_pieces(file_, piece_bytes_, until);
    CsvShareScan scan = scan_of(pieces, collects, false);
    const Before before = run(scan, pieces);
    report_problem(comm_, file_, scan, before);
    CsvFindings findings;
    findings.index = gather_index(comm_, scan);
    findings.columns = gather_columns(comm_, file_, scan, before);
    findings.target = gather_target(comm_, file_, scan, before);
    findings.bad = gather_bad_rows(comm_, file_, scan, before);
    gather_collected(comm_, file_, columns_, scan, before, collects, findings.columns);
    collect_late(pieces, collects, findings);
    return findings;
  }

 private:
  CsvShareScan scan_of(const std::vector<CsvPiece>& pieces, std::vector<char> collects,
                       bool only_texts) const {
    return CsvShareScan(file_, columns_, pieces_of(comm_, pieces), parallel_for_,
                        std::move(collects), only_texts);
  }

  Before run(CsvShareScan& scan, const std::vector<CsvPiece>& pieces) const {
    // That a rank's part begins outside of quotes is a good guess; where it is wrong the part is
    // read again.
    collectively(comm_, [&] { scan.run(false); });
    const bool starts_quoted = gather_before(comm_, scan).is_quoted;
    collectively(comm_, [&] {
      if (starts_quoted) scan.run(true);
    });
    const Before before = gather_before(comm_, scan);
    collectively(comm_, [&] { file_.require_unchanged(); });
    require_all_scanned(comm_, file_, scan, pieces);
    return before;
  }

  void collect_late(const std::vector<CsvPiece>& pieces, const std::vector<char>& collects,
                    CsvFindings& findings) const {
    std::vector<char> late(collects.size(), 0);
    for (std::size_t c = 0; c < late.size(); ++c) {
      const CsvColumnFindings& found = findings.columns[c];
      if (found.is_collected) continue;
      const bool is_feature = columns_.roles[c] == CsvColumns::Role::feature;
      const bool is_class =
          static_cast<Index>(c) == columns_.target && found.at(CsvPlace::not_number);
      late[c] = is_class || (is_feature && is_text(found, columns_.forced[c])) ? 1 : 0;
    }
    if (std::ranges::count(late, 1) == 0) return;
    CsvShareScan scan = scan_of(pieces, late, true);
    const Before before = run(scan, pieces);
    gather_collected(comm_, file_, columns_, scan, before, late, findings.columns);
  }

  const Communicator& comm_;
  const CsvFile& file_;
  const CsvColumns& columns_;
  std::uint64_t piece_bytes_;
  const ParallelFor& parallel_for_;
};

}  // namespace

std::string CsvText::place() const {
  return is_one_of_many ? fmt::format("{} line {}", path, format_count(static_cast<Index>(line)))
                        : fmt::format("line {}", format_count(static_cast<Index>(line)));
}

bool is_text(const CsvColumnFindings& found, const CsvColumns::Forced& forced) {
  if (forced.kind) return *forced.kind == StoredKind::category || *forced.kind == StoredKind::text;
  if (found.values == 0) return false;
  if ((found.types & can_be::whole) != 0) {
    const bool is_uint64 = (found.types & can_be::uint64) != 0 && found.missing == 0;
    return (found.types & can_be::int64) == 0 && !is_uint64;
  }
  return found.types == 0;
}

CsvFindings scan_csv(const Communicator& comm, const CsvFile& file, const CsvColumns& columns,
                     std::uint64_t piece_bytes, std::optional<Index> rows,
                     const ParallelFor& parallel_for) {
  const Reading reading(comm, file, columns, piece_bytes, parallel_for);
  const std::vector<char> collects = guess_texts(comm, file, columns);
  CsvFindings all = reading.read(file.size(), collects);
  if (!rows || *rows >= all.index.rows) return all;
  std::uint64_t until = 0;
  collectively(comm, [&] { until = offset_of(file, columns, all.index, *rows); });
  return reading.read(until, collects);
}

}  // namespace superstep
