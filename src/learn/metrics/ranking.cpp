// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/metrics/ranking.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>

#include <superstep/core/error.hpp>

#include "learn/metrics/scored_rows.hpp"

namespace superstep {

namespace {

__extension__ using Int128 = __int128;

constexpr std::size_t row_bytes = sizeof(ScoredRows);
constexpr double share_for_rows = 0.75;    ///< of the memory; the rest is for slices under way
constexpr double while_exchanging = 1.25;  ///< more columns' worth, for rows that arrive
constexpr std::size_t largest_slice = std::size_t{64} << 20;
/// A precision, at most 1, is counted in so many units.
constexpr double precision_unit = 0x1p64;

std::int64_t on_grid(double weight, int grid) {
  return static_cast<std::int64_t>(std::rint(std::ldexp(weight, grid)));
}

/// Three words that can be summed over a million ranks.
void append_words(std::vector<std::int64_t>& words, Int128 value) {
  constexpr Int128 mask = (Int128{1} << 42) - 1;
  for (int i = 0; i < 3; ++i)
    words.push_back(static_cast<std::int64_t>((value >> (42 * i)) & mask));
}

Int128 from_words(const std::int64_t* words) {
  return Int128{words[0]} + (Int128{words[1]} << 42) + (Int128{words[2]} << 84);
}

}  // namespace

namespace {

/// A point of a curve on its way to the other ranks.
struct SentPoint {
  std::uint64_t key;
  std::int64_t positive;
  std::int64_t negative;
};

}  // namespace

struct ScoreRanking::Column {
  RankedColumn what;
  std::vector<ScoredRows> rows;
  std::uint64_t next = 0;               ///< keys below have been counted
  std::uint64_t end = beyond_all_keys;  ///< keys from here on were not kept
  bool is_done = false;
  std::vector<std::int64_t> above;  ///< of each class, what has been counted so far
  // Over the rows of `positive` and the rows of each class: 2 where the latter's score is greater,
  // 1 where they tie, times both weights.
  std::vector<Int128> twice_losses;
  Int128 precision = 0;  ///< over the rows of `positive`: weight times precision at their score

  std::vector<std::vector<SentPoint>> curve;  ///< of each pass, where it is kept

  double score(const double* outputs) const {
    const double score = outputs[what.output];
    return what.is_negated ? -score : score;
  }
  void keep(double score, std::int64_t code, std::int64_t weight) {
    const std::uint64_t key = key_of(score);
    if (key >= next && key < end) rows.push_back({key, code, weight});
  }
  void make_room(std::size_t capacity);
  void count(const std::vector<int>& grid, std::vector<std::int64_t> seen);
};

// Keeps the greatest scores and forgets the others until a later pass.
void ScoreRanking::Column::make_room(std::size_t capacity) {
  sort_and_merge(rows);
  if (rows.size() <= capacity / 2) return;
  end = rows[capacity / 2].key;
  rows.erase(std::ranges::lower_bound(rows, end, {}, &ScoredRows::key), rows.end());
}

// One walk from the greatest score down; `seen` is what weighs above the first row.
void ScoreRanking::Column::count(const std::vector<int>& grid, std::vector<std::int64_t> seen) {
  const auto positive = static_cast<std::size_t>(what.positive);
  std::vector<double> unit;
  for (const int g : grid) unit.push_back(std::ldexp(1.0, -g));
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t tied = i;
    Int128 own = 0;
    for (; tied < rows.size() && rows[tied].key == rows[i].key; ++tied) {
      if (rows[tied].code == what.positive) own = rows[tied].weight;
    }
    if (own > 0) {
      for (std::size_t c = 0; c < seen.size(); ++c) twice_losses[c] += own * (2 * Int128{seen[c]});
    }
    for (; i < tied; ++i) {
      const auto c = static_cast<std::size_t>(rows[i].code);
      twice_losses[c] += own * rows[i].weight;
      seen[c] += rows[i].weight;
    }
    if (!curve.empty()) {
      curve.back().push_back({rows[i - 1].key, seen[positive], seen[1 - positive]});
    }
    if (own > 0) {
      const double hits = static_cast<double>(seen[positive]) * unit[positive];
      double others = 0.0;
      for (std::size_t c = 0; c < seen.size(); ++c) {
        if (c != positive) others += static_cast<double>(seen[c]) * unit[c];
      }
      precision += own * static_cast<Int128>(hits / (hits + others) * precision_unit);
    }
  }
}

ScoreRanking::ScoreRanking(std::vector<RankedColumn> columns, Index classes, Index most_rows)
    : classes_(classes),
      most_rows_(std::max<Index>(1, most_rows)),
      grid_(static_cast<std::size_t>(classes), 0) {
  const auto k = static_cast<std::size_t>(classes);
  for (const RankedColumn& c : columns) {
    Column& column = columns_.emplace_back();
    column.what = c;
    column.above.assign(k, 0);
    column.twice_losses.assign(k, 0);
  }
}

ScoreRanking::~ScoreRanking() = default;

std::size_t ScoreRanking::kept_bytes() const { return bytes_for(std::ssize(columns_)); }

std::size_t ScoreRanking::sorting_bytes() const { return bytes_for(while_exchanging); }

/// For the rows of so many columns.
std::size_t ScoreRanking::bytes_for(double columns) const {
  return static_cast<std::size_t>(columns * static_cast<double>(most_rows_) * row_bytes /
                                  share_for_rows) +
         row_bytes;
}

std::size_t ScoreRanking::least_bytes() const {
  // Room for every class at a few scores: so each pass gets on.
  const double rows = static_cast<double>(std::max<Index>(4096, 8 * classes_));
  return static_cast<std::size_t>((1.0 + while_exchanging) * rows * row_bytes / share_for_rows) +
         row_bytes;
}

void ScoreRanking::set_memory(std::size_t bytes) {
  slice_bytes_ = std::min(largest_slice, bytes / 16);
  const double rows = share_for_rows * static_cast<double>(bytes) / row_bytes;
  const double columns = rows / static_cast<double>(most_rows_) - while_exchanging;
  if (columns >= 1.0) {
    columns_at_once_ = static_cast<std::size_t>(columns);
    capacity_ = static_cast<std::size_t>(most_rows_);
    first_pass_columns_ = std::min(columns_.size(), columns_at_once_);
  } else {
    columns_at_once_ = 1;
    capacity_ = static_cast<std::size_t>(rows / (1.0 + while_exchanging));
    first_pass_columns_ = 0;
  }
  for (std::size_t c = 0; c < first_pass_columns_; ++c) columns_[c].rows.reserve(capacity_);
}

void ScoreRanking::add(const OutputRows& rows) {
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    for (const Column& c : columns_) {
      const double score = rows.outputs.row(i)[c.what.output];
      if (!std::isfinite(score) && rows.weight_of(i) != 0.0) is_undefined_ = true;
    }
  }
  if (first_pass_columns_ == 0 || is_undefined_) return;
  const std::lock_guard lock(mutex_);
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double weight = rows.weight_of(i);
    if (weight == 0.0) continue;
    for (std::size_t c = 0; c < first_pass_columns_; ++c) {
      // The grid is not known before all weights are: the weight waits as it is.
      columns_[c].keep(columns_[c].score(rows.outputs.row(i)), static_cast<std::int64_t>(rows.y[i]),
                       std::bit_cast<std::int64_t>(weight));
    }
  }
}

Ranking ScoreRanking::finish(Engine& engine, const Table& outputs,
                             const std::vector<double>& class_weight,
                             const std::vector<double>& codes) {
  if (engine.comm().max(Index{is_undefined_ ? 1 : 0}) == 1) {
    for (Column& column : columns_) column.rows = {};
    Ranking none;
    none.is_undefined = true;
    return none;
  }
  for (std::size_t c = 0; c < grid_.size(); ++c) {
    // Of each class less than 2^62 units, so that all that is counted stays within 128 bits.
    if (outputs.data->has_weight()) grid_[c] = 61 - exponent_above(class_weight[c]);
  }
  for (std::size_t c = 0; c < first_pass_columns_; ++c) {
    for (ScoredRows& row : columns_[c].rows) {
      row.weight =
          on_grid(std::bit_cast<double>(row.weight), grid_[static_cast<std::size_t>(row.code)]);
    }
    count_sorted(engine.comm(), columns_[c]);
  }
  while (!columns_.back().is_done) next_pass(engine, outputs, codes);
  Ranking ranking = combined(engine.comm());
  ranking.weight = class_weight;
  if (keeps_curve_ && classes_ == 2) gather_curve(engine.comm(), ranking);
  return ranking;
}

/// Passes one after the other, in each the ranks one after the other: from the greatest score down.
void ScoreRanking::gather_curve(const Communicator& comm, Ranking& into) const {
  const Column& column = columns_.front();
  std::int64_t points = 0;
  for (const auto& of_pass : column.curve) points += std::ssize(of_pass);
  comm.sum(std::span(&points, 1));
  into.is_curve_too_long = points > most_curve_points;
  if (into.is_curve_too_long) return;
  const auto positive = static_cast<std::size_t>(column.what.positive);
  for (const auto& of_pass : column.curve) {
    for (const auto& bytes : comm.gather_all(std::as_bytes(std::span<const SentPoint>(of_pass)))) {
      for (std::size_t at = 0; at < bytes.size(); at += sizeof(SentPoint)) {
        SentPoint point;
        std::memcpy(&point, bytes.data() + at, sizeof point);
        into.curve.push_back(
            {score_of(point.key), std::ldexp(static_cast<double>(point.positive), -grid_[positive]),
             std::ldexp(static_cast<double>(point.negative), -grid_[1 - positive])});
      }
    }
  }
}

void ScoreRanking::next_pass(Engine& engine, const Table& outputs,
                             const std::vector<double>& codes) {
  std::vector<Column*> active;
  for (Column& c : columns_) {
    if (c.is_done || active.size() == columns_at_once_) continue;
    c.rows.reserve(capacity_);
    active.push_back(&c);
  }
  const auto n = static_cast<Index>(active.size());
  const Index width = n + 2;
  engine.rows(
      outputs, width,
      [&](const Block& block, double* out, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          double* to = out + i * width;
          for (Column* c : active) *to++ = c->score(block.x.doubles() + i * block.columns);
          *to++ = codes[static_cast<std::size_t>(block.y[i])];
          *to = block.weight_of(i);
        }
      },
      [&](Index, Index rows, const double* values) {
        for (Index i = 0; i < rows; ++i, values += width) {
          if (values[n + 1] == 0.0) continue;
          const auto code = static_cast<std::int64_t>(values[n]);
          const std::int64_t weight = on_grid(values[n + 1], grid_[static_cast<std::size_t>(code)]);
          for (Index c = 0; c < n; ++c) {
            Column& column = *active[static_cast<std::size_t>(c)];
            if (column.rows.size() == capacity_) column.make_room(capacity_);
            column.keep(values[c], code, weight);
          }
        }
      });
  for (Column* c : active) count_sorted(engine.comm(), *c);
}

void ScoreRanking::count_sorted(const Communicator& comm, Column& column) {
  sort_and_merge(column.rows);
  comm.answer();
  // Only down to where every rank has all its rows.
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  column.end =
      std::bit_cast<std::uint64_t>(comm.min(std::bit_cast<Index>(column.end ^ sign))) ^ sign;
  column.rows.erase(std::ranges::lower_bound(column.rows, column.end, {}, &ScoredRows::key),
                    column.rows.end());
  if (comm.size() > 1) {
    column.rows = exchange_by_key(comm, std::move(column.rows), slice_bytes_);
    sort_and_merge(column.rows);
  }

  std::vector<std::int64_t> mine(column.above.size(), 0);
  for (const ScoredRows& row : column.rows) mine[static_cast<std::size_t>(row.code)] += row.weight;
  const auto all = comm.gather_all(std::as_bytes(std::span<const std::int64_t>(mine)));
  std::vector<std::int64_t> before = column.above;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const std::byte* bytes = all[static_cast<std::size_t>(rank)].data();
    for (std::size_t c = 0; c < mine.size(); ++c) {
      std::int64_t weight = 0;
      std::memcpy(&weight, bytes + c * sizeof weight, sizeof weight);
      column.above[c] += weight;
      if (rank < comm.rank()) before[c] += weight;
    }
  }
  if (keeps_curve_ && classes_ == 2) column.curve.emplace_back();
  column.count(grid_, std::move(before));
  column.rows = {};
  column.next = column.end;
  column.is_done = column.end == beyond_all_keys;
  column.end = beyond_all_keys;
}

Ranking ScoreRanking::combined(const Communicator& comm) const {
  std::vector<std::int64_t> words;
  for (const Column& column : columns_) {
    for (const Int128 losses : column.twice_losses) append_words(words, losses);
    append_words(words, column.precision);
  }
  comm.sum(std::span(words));
  const auto k = static_cast<std::size_t>(classes_);
  Ranking ranking;
  ranking.classes = classes_;
  ranking.average_precision.assign(k, 0.0);
  ranking.auc.assign(k * k, std::numeric_limits<double>::quiet_NaN());
  const std::int64_t* at = words.data();
  for (const Column& column : columns_) {
    const auto a = static_cast<std::size_t>(column.what.positive);
    for (std::size_t b = 0; b < k; ++b, at += 3) {
      const Int128 twice_pairs = 2 * Int128{column.above[a]} * Int128{column.above[b]};
      if (b == a || twice_pairs == 0) continue;
      const Int128 twice_wins = twice_pairs - from_words(at);
      ranking.auc[a * k + b] = static_cast<double>(static_cast<long double>(twice_wins) /
                                                   static_cast<long double>(twice_pairs));
    }
    const Int128 precision = from_words(at);
    at += 3;
    if (column.above[a] == 0) continue;
    ranking.average_precision[a] =
        static_cast<double>(static_cast<long double>(precision) /
                            (static_cast<long double>(column.above[a]) * precision_unit));
  }
  return ranking;
}

}  // namespace superstep
