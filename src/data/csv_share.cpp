// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_share.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include "data/csv_cells.hpp"

namespace superstep {

namespace {

using Role = CsvColumns::Role;

constexpr Index pieces_a_batch = 64;
constexpr std::size_t longest_shown = 40;

}  // namespace

std::uint64_t CsvShareScan::lines_before(Index piece) const {
  std::uint64_t lines = 0;
  for (Index i = 0; i < piece; ++i) lines += pieces_[static_cast<std::size_t>(i)].lines;
  return lines;
}

Index CsvShareScan::rows_before(Index piece) const {
  Index rows = 0;
  for (Index i = 0; i < piece; ++i) rows += pieces_[static_cast<std::size_t>(i)].rows;
  return rows;
}

std::uint64_t CsvShareScan::lines_until(std::uint64_t offset) const {
  const auto after = std::ranges::upper_bound(pieces_, offset, {}, &CsvPiece::begin);
  return lines_until(after - pieces_.begin() - 1, offset);
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
      starts_quoted.push_back(quoted ? 1 : 0);
      quoted = quoted != pieces_[static_cast<std::size_t>(i)].has_odd_quotes;
      has_odd_quotes_ = has_odd_quotes_ != pieces_[static_cast<std::size_t>(i)].has_odd_quotes;
    }
    // Behind a problem nothing is worth looking at, but whoever comes behind needs to know the
    // quotes.
    if (facts_.problem) continue;
    parallel_for_(
        count, [&](Index i) { scan(first + i, starts_quoted[static_cast<std::size_t>(i)] == 1); });
  }
}

void CsvShareScan::scan(Index number, bool quoted) {
  CsvPiece& piece = pieces_[static_cast<std::size_t>(number)];
  piece.rows = 0;
  const auto begin = file_.first_record(piece.begin, piece.end, quoted);
  if (!begin) return;
  CsvFacts facts(columns_.size());
  try {
    CsvCursor cursor(file_, *begin);
    while (cursor.next() && cursor.offset() < piece.end) {
      if (cursor.offset() < columns_.data_begin) continue;
      if (piece.rows == 0) piece.first_record = cursor.offset();
      look_at(cursor, number, piece.rows++, facts);
    }
  } catch (const CsvProblem& problem) {
    // A record that begins in a later piece is that piece's own.
    if (problem.offset < piece.end) facts.problem = problem;
  }
  const std::lock_guard lock(mutex_);
  facts_.add(std::move(facts));
}

void CsvShareScan::look_at(const CsvCursor& cursor, Index piece, Index row, CsvFacts& facts) const {
  const std::vector<CsvField>& fields = cursor.fields();
  if (std::ssize(fields) != columns_.size()) {
    throw CsvProblem{
        cursor.offset(),
        fmt::format("has {} field{}, but the {} has {}; every line needs the same number",
                    fields.size(), fields.size() == 1 ? "" : "s",
                    columns_.names.empty() ? "first line" : "header", columns_.size())};
  }
  for (std::size_t c = 0; c < fields.size(); ++c) {
    const Role role = columns_.roles[c];
    if (role == Role::dropped) continue;
    const CsvField& field = fields[c];
    if (role == Role::target) {
      look_at_target(field, {piece, cursor.offset(), row, ""}, facts);
      continue;
    }
    const std::optional<double> value = feature_number(field, columns_.style);
    if (!value) {
      if (facts.texts[c].piece < 0) {
        facts.texts[c] = {piece, cursor.offset(), row, shorten(field.text, longest_shown)};
      }
    } else if (std::isnan(*value)) {
      ++facts.missing;
    } else {
      facts.has_value[c] = 1;
    }
  }
}

void CsvShareScan::look_at_target(const CsvField& field, const CsvFoundText& place,
                                  CsvFacts& facts) const {
  if (is_missing_label(field, columns_.style)) {
    ++facts.target_missing;
    if (facts.first_missing_target.piece < 0) facts.first_missing_target = place;
    return;
  }
  facts.keep_text(field.text);
  const std::optional<double> value = label_number(field, columns_.style);
  if (value) {
    if (is_inexact_integer(field, *value, columns_.style) && facts.first_inexact_target.piece < 0) {
      facts.first_inexact_target = place;
      facts.first_inexact_target.text = shorten(field.text, longest_shown);
    }
    facts.is_whole =
        facts.is_whole && std::nearbyint(*value) == *value && std::fabs(*value) <= 0x1p53;
    return;
  }
  CsvFoundText& found = facts.texts[static_cast<std::size_t>(columns_.target)];
  if (found.piece < 0) {
    found = place;
    found.text = shorten(field.text, longest_shown);
  }
}

}  // namespace superstep
