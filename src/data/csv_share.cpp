// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_share.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include "data/csv_cells.hpp"
#include "data/csv_rows.hpp"
#include "io/quick_number.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

constexpr Index pieces_a_batch = 64;
constexpr std::size_t longest_shown = 40;

void keep_new_place(CsvFacts& facts, Index column, CsvPlace what, const CsvFoundText& place,
                    std::string_view text) {
  CsvFoundText& found = facts.places[{column, what}];
  found = place;
  found.text = shorten(text, longest_shown);
}

/// Keeps the first cell of its kind; `text` is asked for only then.
inline void keep_place(CsvFacts& facts, Index column, CsvPlace what, const CsvFoundText& place,
                       std::string_view text) {
  CsvColumnFacts& mine = facts.columns[static_cast<std::size_t>(column)];
  const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
  if ((mine.places & bit) != 0) return;
  mine.places |= bit;
  keep_new_place(facts, column, what, place, text);
}

/// Bytes that Latin-1 text takes in UTF-8.
Index utf8_bytes(std::string_view text, bool is_latin1) {
  Index n = std::ssize(text);
  if (is_latin1) n += std::ranges::count_if(text, [](char c) { return (c & 0x80) != 0; });
  return n;
}

}  // namespace

void CsvColumnFacts::keep_text(std::string_view text) {
  if (has_too_many) return;
  if (!texts) texts = std::make_unique<TextSet>();
  texts->add(text);
  has_too_many = texts->size() > most_levels || texts->bytes() > most_level_bytes;
  if (has_too_many) texts.reset();
}

void CsvColumnFacts::add(CsvColumnFacts&& other) {
  types &= other.types;
  marks |= other.marks;
  places |= other.places;
  values += other.values;
  missing += other.missing;
  numbers += other.numbers;
  dates += other.dates;
  text_bytes += other.text_bytes;
  has_too_many = has_too_many || other.has_too_many;
  if (!has_too_many && other.texts) {
    if (texts) {
      texts->add(*other.texts);
    } else {
      texts = std::move(other.texts);
    }
    has_too_many = texts->size() > most_levels || texts->bytes() > most_level_bytes;
  }
  if (has_too_many) texts.reset();
}

void CsvFacts::add(CsvFacts&& other) {
  for (std::size_t c = 0; c < columns.size(); ++c) columns[c].add(std::move(other.columns[c]));
  for (auto& [key, found] : other.places) keep_first(places[key], std::move(found));
  is_whole = is_whole && other.is_whole;
  target_missing += other.target_missing;
  keep_first(first_missing_target, std::move(other.first_missing_target));
  keep_first(first_inexact_target, std::move(other.first_inexact_target));
  bad_rows += other.bad_rows;
  bad_lines += other.bad_lines;
  std::ranges::move(other.first_bad_rows, std::back_inserter(first_bad_rows));
  std::ranges::sort(first_bad_rows, {}, &CsvFoundText::offset);
  if (first_bad_rows.size() > most_bad_rows_told) first_bad_rows.resize(most_bad_rows_told);
  if (other.problem && (!problem || other.problem->offset < problem->offset)) {
    problem = std::move(other.problem);
  }
}

bool CsvShareScan::begins_part() const {
  return std::ranges::any_of(pieces_, [](const CsvPiece& p) { return p.begins_part; });
}

std::uint64_t CsvShareScan::lines_before(Index piece) const {
  std::uint64_t lines = 0;
  for (Index i = piece - 1; i >= 0; --i) {
    lines += pieces_[static_cast<std::size_t>(i)].lines;
    if (pieces_[static_cast<std::size_t>(i)].begins_part) break;
  }
  return lines;
}

std::uint64_t CsvShareScan::line_of(Index piece, std::uint64_t offset, std::uint64_t before) const {
  const CsvPiece& at = pieces_[static_cast<std::size_t>(piece)];
  std::uint64_t lines = at.begins_part ? 0 : lines_before(piece);
  // Nothing of another rank's lies between the beginning of the file and the piece where it is
  // here.
  const auto here = std::span(pieces_).first(static_cast<std::size_t>(piece + 1));
  const bool begins_here =
      std::ranges::any_of(here, [](const CsvPiece& p) { return p.begins_part; });
  if (!begins_here) lines += before;
  return 1 + lines + file_.count(at.begin, offset).lines;
}

Index CsvShareScan::rows_before(Index piece) const {
  Index rows = 0;
  for (Index i = 0; i < piece; ++i) rows += pieces_[static_cast<std::size_t>(i)].rows;
  return rows;
}

Index CsvShareScan::piece_of(std::uint64_t offset) const {
  const auto after = std::ranges::upper_bound(pieces_, offset, {}, &CsvPiece::begin);
  return after - pieces_.begin() - 1;
}

void CsvShareScan::run(bool quoted) {
  facts_ = CsvFacts(columns_.size());
  has_odd_quotes_ = false;
  const auto n = static_cast<Index>(pieces_.size());
  for (Index first = 0; first < n; first += pieces_a_batch) {
    const Index count = std::min(pieces_a_batch, n - first);
    parallel_for_(count, [&](Index i) {
      CsvPiece& piece = pieces_[static_cast<std::size_t>(first + i)];
      const CsvFile::Counts counts = file_.count(piece.begin, piece.end);
      piece.lines = counts.lines;
      piece.has_odd_quotes = counts.quotes % 2 == 1;
    });
    std::vector<char> starts_quoted;
    for (Index i = first; i < first + count; ++i) {
      const CsvPiece& piece = pieces_[static_cast<std::size_t>(i)];
      if (piece.begins_part) quoted = has_odd_quotes_ = false;
      starts_quoted.push_back(quoted ? 1 : 0);
      quoted = quoted != piece.has_odd_quotes;
      has_odd_quotes_ = has_odd_quotes_ != piece.has_odd_quotes;
    }
    // Behind a problem nothing is worth looking at, but whoever comes behind needs to know the
    // quotes.
    if (facts_.problem) continue;
    parallel_for_(
        count, [&](Index i) { scan(first + i, starts_quoted[static_cast<std::size_t>(i)] == 1); });
  }
}

/// What need not be collected any more, because other pieces held too much already, is left out.
std::vector<char> CsvShareScan::still_collected() const {
  const std::lock_guard lock(mutex_);
  std::vector<char> still(facts_.columns.size());
  for (std::size_t c = 0; c < still.size(); ++c) still[c] = facts_.columns[c].has_too_many ? 0 : 1;
  return still;
}

void CsvShareScan::scan(Index number, bool quoted) {
  CsvPiece& piece = pieces_[static_cast<std::size_t>(number)];
  piece.rows = 0;
  const auto begin = file_.first_record(piece.begin, piece.end, quoted);
  if (!begin) return;
  CsvFacts facts(columns_.size());
  const std::vector<char> still = still_collected();
  for (std::size_t c = 0; c < still.size(); ++c) facts.columns[c].has_too_many = still[c] == 0;
  try {
    CsvRows rows(file_, columns_, *begin, [&](const CsvProblem& problem, std::uint64_t end) {
      if (problem.offset < piece.end)
        add_bad_row({number, problem.offset, 0, ""}, problem, end, facts);
    });
    while (rows.next() && rows.offset() < piece.end) {
      if (piece.rows == 0) piece.first_record = rows.offset();
      look_at(rows.fields(), {number, rows.offset(), piece.rows++, ""}, facts);
    }
  } catch (const CsvProblem& problem) {
    // A record that begins in a later piece is that piece's own.
    if (problem.offset < piece.end) facts.problem = problem;
  }
  const std::lock_guard lock(mutex_);
  facts_.add(std::move(facts));
}

void CsvShareScan::add_bad_row(CsvFoundText&& place, const CsvProblem& problem, std::uint64_t end,
                               CsvFacts& facts) const {
  const auto lines = static_cast<Index>(file_.count(problem.offset, end).lines);
  ++facts.bad_rows;
  facts.bad_lines += std::max(lines, Index{1});
  if (facts.first_bad_rows.size() == most_bad_rows_told) return;
  place.text = problem.what;
  facts.first_bad_rows.push_back(std::move(place));
}

void CsvShareScan::look_at(std::span<const CsvField> fields, const CsvFoundText& place,
                           CsvFacts& facts) const {
  for (Index c = 0; c < columns_.size(); ++c) {
    const CsvField& field = fields[static_cast<std::size_t>(c)];
    if (collects_[static_cast<std::size_t>(c)] != 0) collect(field, c, place, facts);
    if (only_texts_) continue;
    switch (columns_.roles[static_cast<std::size_t>(c)]) {
      case Role::dropped:
        break;
      case Role::feature:
        look_at_feature(field, c, place, facts);
        break;
      case Role::target:
        look_at_target(field, place, facts);
        break;
      case Role::one_of_targets:
      case Role::weight:
        look_at_number(field, c, place, facts);
        break;
    }
  }
}

void CsvShareScan::look_at_feature(const CsvField& field, Index column, const CsvFoundText& place,
                                   CsvFacts& facts) const {
  CsvColumnFacts& mine = facts.columns[static_cast<std::size_t>(column)];
  const CsvColumns::Forced& forced = columns_.forced_of(column);
  CellTypes types;
  if (has_plain_numbers_ && !forced.date) types = quick_types_of(field.text);
  if (types.types == 0) {
    if (is_missing_value(field, columns_.style)) {
      ++mine.missing;
      if (!forced.takes_missing) keep_place(facts, column, CsvPlace::misfit, place, field.text);
      return;
    }
    types = types_of(field.text, forced, columns_.style);
  }
  ++mine.values;
  mine.types &= types.types;
  mine.marks |= types.marks;
  const bool is_number = (types.types & can_be::number) != 0;
  const bool is_date = (types.types & can_be::date) != 0;
  mine.numbers += is_number ? 1 : 0;
  mine.dates += is_date ? 1 : 0;
  if (!is_number) keep_place(facts, column, CsvPlace::not_number, place, field.text);
  if (!is_date) keep_place(facts, column, CsvPlace::not_date, place, field.text);
  if ((types.marks & has::leading_zero) != 0) {
    keep_place(facts, column, CsvPlace::leading_zero, place, field.text);
  }
  if (forced.needs != 0 && (types.types & forced.needs) == 0) {
    keep_place(facts, column, CsvPlace::misfit, place, field.text);
  }
}

void CsvShareScan::look_at_number(const CsvField& field, Index column, const CsvFoundText& place,
                                  CsvFacts& facts) const {
  CsvColumnFacts& mine = facts.columns[static_cast<std::size_t>(column)];
  const std::optional<double> value = feature_number(field, columns_.style);
  if (!value) {
    keep_place(facts, column, CsvPlace::not_number, place, field.text);
  } else if (std::isnan(*value)) {
    ++mine.missing;
  } else {
    ++mine.values;
  }
}

/// One of the different texts of a column. What is no UTF-8 is noticed where it is new.
void CsvShareScan::collect(const CsvField& field, Index column, const CsvFoundText& place,
                           CsvFacts& facts) const {
  const bool is_target = column == columns_.target;
  if (is_target ? is_missing_label(field, columns_.style)
                : is_missing_value(field, columns_.style)) {
    return;
  }
  CsvColumnFacts& mine = facts.columns[static_cast<std::size_t>(column)];
  mine.text_bytes += utf8_bytes(field.text, columns_.style.is_latin1);
  const Index before = mine.texts ? mine.texts->size() : -1;
  mine.keep_text(field.text);
  const bool is_known = mine.texts && mine.texts->size() == before;
  if (is_target || is_known) return;
  const bool is_good = (columns_.style.is_latin1 || is_utf8(field.text)) &&
                       field.text.find('\0') == std::string_view::npos;
  if (!is_good) keep_place(facts, column, CsvPlace::bad_text, place, field.text);
}

void CsvShareScan::look_at_target(const CsvField& field, const CsvFoundText& place,
                                  CsvFacts& facts) const {
  if (is_missing_label(field, columns_.style)) {
    ++facts.target_missing;
    if (facts.first_missing_target.piece < 0) facts.first_missing_target = place;
    return;
  }
  std::optional<double> value;
  if (has_plain_numbers_) value = quick_number(field.text);
  if (!value) value = label_number(field, columns_.style);
  if (!value) {
    keep_place(facts, columns_.target, CsvPlace::not_number, place, field.text);
    return;
  }
  if (is_inexact_integer(field, *value, columns_.style) && facts.first_inexact_target.piece < 0) {
    facts.first_inexact_target = place;
    facts.first_inexact_target.text = shorten(field.text, longest_shown);
  }
  facts.is_whole =
      facts.is_whole && std::nearbyint(*value) == *value && std::fabs(*value) <= 0x1p53;
}

}  // namespace superstep
