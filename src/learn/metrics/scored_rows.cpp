// SPDX-License-Identifier: BSD-3-Clause
#include "learn/metrics/scored_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <span>
#include <utility>

#include <superstep/core/types.hpp>

namespace superstep {

namespace {

/// Keys a rank tells the others of, to find ranges of equal size (parallel sorting by regular
/// sampling).
constexpr std::size_t samples_per_rank = 256;

template <class T>
std::vector<std::byte> bytes_of(std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

template <class T>
void append(std::vector<T>& values, const std::vector<std::byte>& bytes) {
  const std::size_t old = values.size();
  values.resize(old + bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data() + old, bytes.data(), bytes.size());
}

/// The first key of every rank but the first.
std::vector<std::uint64_t> splitters(const Communicator& comm,
                                     const std::vector<ScoredRows>& rows) {
  // The number of rows, then keys at equal distances.
  std::vector<std::uint64_t> mine = {rows.size()};
  const std::size_t n = std::min(samples_per_rank, rows.size());
  for (std::size_t i = 0; i < n; ++i) mine.push_back(rows[(2 * i + 1) * rows.size() / (2 * n)].key);

  std::vector<std::pair<std::uint64_t, double>> samples;
  double total = 0.0;
  for (const auto& bytes : comm.gather_all(bytes_of<std::uint64_t>(mine))) {
    std::vector<std::uint64_t> theirs;
    append(theirs, bytes);
    const auto count = static_cast<double>(theirs.front());
    total += count;
    for (std::size_t i = 1; i < theirs.size(); ++i) {
      samples.emplace_back(theirs[i], count / static_cast<double>(theirs.size() - 1));
    }
  }
  std::sort(samples.begin(), samples.end());
  std::vector<std::uint64_t> found;
  double below = 0.0;
  std::size_t at = 0;
  for (int rank = 1; rank < comm.size(); ++rank) {
    const double wanted = total * rank / comm.size();
    for (; at < samples.size() && below < wanted; ++at) below += samples[at].second;
    found.push_back(at < samples.size() ? samples[at].first : beyond_all_keys);
  }
  return found;
}

}  // namespace

std::uint64_t key_of(double score) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);
  const std::uint64_t ascending = (bits & sign) != 0 ? ~bits : bits | sign;
  return ~ascending;
}

double score_of(std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  const std::uint64_t ascending = ~key;
  return std::bit_cast<double>((ascending & sign) != 0 ? ascending ^ sign : ~ascending);
}

namespace {

/// By key, keeping the order of equal ones: digit by digit from the least, a counting sort each.
/// Digits that all keys share are passed over.
void sort_by_key(std::vector<ScoredRows>& rows) {
  constexpr int digit_bits = 11;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  constexpr int rounds = (64 + digit_bits - 1) / digit_bits;
  const auto digit = [](const ScoredRows& row, int round) {
    return static_cast<std::size_t>(row.key >> (round * digit_bits)) & (digits - 1);
  };
  std::vector<std::size_t> counts(rounds * digits, 0);
  for (const ScoredRows& row : rows) {
    for (int r = 0; r < rounds; ++r) ++counts[static_cast<std::size_t>(r) * digits + digit(row, r)];
  }
  std::vector<ScoredRows> sorted(rows.size());
  for (int r = 0; r < rounds; ++r) {
    const auto begin = counts.begin() + r * static_cast<std::ptrdiff_t>(digits);
    const auto end = begin + static_cast<std::ptrdiff_t>(digits);
    if (std::ranges::count(begin, end, std::size_t{0}) == std::ssize(counts) / rounds - 1) continue;
    std::exclusive_scan(begin, end, begin, std::size_t{0});
    for (const ScoredRows& row : rows) {
      sorted[begin[static_cast<std::ptrdiff_t>(digit(row, r))]++] = row;
    }
    rows.swap(sorted);
  }
}

bool comes_first(const ScoredRows& a, const ScoredRows& b) {
  return a.key != b.key ? a.key < b.key : a.code < b.code;
}

}  // namespace

void sort_and_merge(std::vector<ScoredRows>& rows) {
  constexpr std::size_t many = 4096;  // for which counting digits pays
  if (rows.size() >= many) sort_by_key(rows);
  const auto same_key = [](const ScoredRows& a, const ScoredRows& b) { return a.key == b.key; };
  if (rows.size() < many) {
    std::sort(rows.begin(), rows.end(), comes_first);
  } else {
    // Only ties are left to be put in the order of their classes.
    for (auto at = std::adjacent_find(rows.begin(), rows.end(), same_key); at != rows.end();
         at = std::adjacent_find(at, rows.end(), same_key)) {
      const auto tied = at;
      while (at != rows.end() && at->key == tied->key) ++at;
      std::sort(tied, at, comes_first);
    }
  }
  auto last = rows.begin();
  for (auto next = rows.begin(); next != rows.end(); ++next) {
    if (next == last) continue;
    if (next->key == last->key && next->code == last->code) {
      last->weight += next->weight;
    } else {
      *++last = *next;
    }
  }
  if (!rows.empty()) rows.erase(last + 1, rows.end());
}

std::vector<ScoredRows> exchange_by_key(const Communicator& comm, std::vector<ScoredRows> rows,
                                        std::size_t slice_bytes) {
  const auto ranks = static_cast<std::size_t>(comm.size());
  std::vector<std::size_t> begin = {0};
  for (const std::uint64_t key : splitters(comm, rows)) {
    begin.push_back(static_cast<std::size_t>(
        std::ranges::lower_bound(rows, key, {}, &ScoredRows::key) - rows.begin()));
  }
  begin.push_back(rows.size());

  // Everybody learns how much will come, then rows go in slices that memory has room for.
  std::vector<std::vector<std::byte>> outgoing(ranks);
  Index most = 0;
  for (std::size_t r = 0; r < ranks; ++r) {
    const std::uint64_t count = begin[r + 1] - begin[r];
    outgoing[r] = bytes_of(std::span(&count, 1));
    most = std::max(most, static_cast<Index>(count));
  }
  std::vector<std::uint64_t> counts;
  for (const auto& bytes : comm.exchange(outgoing)) append(counts, bytes);
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts) total += count;
  std::vector<ScoredRows> received;
  received.reserve(total);

  const std::size_t slice = std::max<std::size_t>(64, slice_bytes / sizeof(ScoredRows) / ranks);
  most = comm.max(most);
  for (std::size_t done = 0; done < static_cast<std::size_t>(most); done += slice) {
    for (std::size_t r = 0; r < ranks; ++r) {
      const std::size_t from = std::min(begin[r] + done, begin[r + 1]);
      const std::size_t to = std::min(from + slice, begin[r + 1]);
      outgoing[r] = bytes_of(std::span<const ScoredRows>(rows).subspan(from, to - from));
    }
    for (const auto& bytes : comm.exchange(outgoing)) append(received, bytes);
  }
  return received;
}

}  // namespace superstep
