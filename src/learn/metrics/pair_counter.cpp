// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/pair_counter.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace superstep {

namespace {

constexpr int code_bits = 32;

/// One pair on its way to the other ranks.
struct SentPair {
  std::uint64_t key;
  std::uint64_t low;
  std::int64_t high;
};

}  // namespace

std::size_t PairCounter::bytes(Index rows) {
  constexpr std::size_t bytes_per_pair = 64;
  constexpr Index usual_pairs = 65'536;
  return static_cast<std::size_t>(std::min(rows, usual_pairs)) * bytes_per_pair;
}

void PairCounter::add(const OutputRows& rows) {
  const std::lock_guard lock(mutex_);
  if (is_too_large_) return;
  for (Index i = 0; i < rows.outputs.rows; ++i) {
    const double weight = rows.weight_of(i);
    if (weight <= 0.0 || rows.y[i] < 0.0) continue;
    const auto truth = static_cast<std::uint64_t>(rows.y[i]);
    const auto answer = static_cast<std::uint64_t>(rows.outputs.row(i)[answer_]);
    counts_[truth << code_bits | answer] +=
        grid_ ? static_cast<Int128>(std::rint(std::ldexp(weight, *grid_))) : Int128{1};
  }
  is_too_large_ = counts_.size() > most_pairs;
  if (is_too_large_) counts_.clear();
}

/// One part of the pairs of all ranks.
void PairCounter::gather(const Communicator& comm, std::uint64_t part, std::uint64_t parts,
                         Counts& all) const {
  std::vector<SentPair> mine;
  for (const auto& [key, count] : counts_) {
    if (key % parts != part) continue;
    mine.push_back(
        {key, static_cast<std::uint64_t>(count), static_cast<std::int64_t>(count >> 64)});
  }
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span<const SentPair>(mine)))) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(SentPair)) {
      SentPair pair;
      std::memcpy(&pair, bytes.data() + at, sizeof pair);
      all[pair.key] += (Int128{pair.high} << 64) + Int128{pair.low};
    }
  }
}

PairTable PairCounter::finish(const Communicator& comm) {
  PairTable table;
  Counts all;
  // What is under way at a time stays small on any number of ranks.
  const auto parts = static_cast<std::uint64_t>(comm.size() / 8 + 1);
  bool is_too_large = comm.max(Index{is_too_large_ ? 1 : 0}) == 1;
  for (std::uint64_t part = 0; part < parts && !is_too_large; ++part) {
    gather(comm, part, parts, all);
    is_too_large = all.size() > most_pairs;
  }
  counts_.clear();
  if (is_too_large) {
    table.is_too_large = true;
    return table;
  }
  for (const auto& [key, count] : all) {
    constexpr std::uint64_t mask = (std::uint64_t{1} << code_bits) - 1;
    table.pairs.push_back(
        {static_cast<Index>(key >> code_bits), static_cast<Index>(key & mask),
         static_cast<double>(std::ldexp(static_cast<long double>(count), -grid_.value_or(0)))});
  }
  std::ranges::sort(table.pairs, {},
                    [](const PairCount& p) { return std::pair(p.truth, p.answer); });
  return table;
}

}  // namespace superstep
