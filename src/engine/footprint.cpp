// SPDX-License-Identifier: BSD-3-Clause
// What passes and solutions take beside the blocks.
#include <algorithm>

#include <superstep/engine/engine.hpp>

namespace superstep {

namespace {

Index added_up(const Footprint& f) { return f.entries == 0 ? f.sums : f.entries; }

std::size_t bytes_of_pass(const Footprint& f, std::size_t threads) {
  const auto doubles = static_cast<std::size_t>(f.sums) * 8;
  const auto entry = static_cast<std::size_t>(added_up(f));
  // Each thread has a partial and two words for every entry. The threads share scales and
  // exponents. When a bound breaks, words and scales are gone before maxima and another partial
  // come.
  return threads * (doubles + 16 * entry) + 16 * entry;
}

/// The words of all threads, and doubles that they are rounded to, or what is solved.
std::size_t bytes_after(const Footprint& f) {
  const auto entry = static_cast<std::size_t>(added_up(f));
  return 20 * entry + 8 * static_cast<std::size_t>(std::max(f.sums, f.solving));
}

}  // namespace

Footprint Footprint::operator|(const Footprint& other) const {
  return {std::max(sums, other.sums),
          std::max(row_doubles, other.row_doubles),
          std::max(replicated, other.replicated),
          std::max(added_up(*this), added_up(other)),
          std::max(solving, other.solving),
          std::max(thread_doubles, other.thread_doubles),
          writes_out || other.writes_out,
          std::max(row_bytes, other.row_bytes)};
}

Footprint Footprint::operator+(const Footprint& other) const {
  return {sums + other.sums,
          std::max(row_doubles, other.row_doubles),
          replicated + other.replicated,
          added_up(*this) + added_up(other),
          std::max(solving, other.solving),
          std::max(thread_doubles, other.thread_doubles),
          writes_out || other.writes_out,
          row_bytes + other.row_bytes};
}

std::size_t Footprint::bytes(std::size_t threads) const {
  return std::max(bytes_of_pass(*this, threads), bytes_after(*this)) +
         8 * (static_cast<std::size_t>(replicated) +
              threads * static_cast<std::size_t>(thread_doubles));
}

// While one solves, the others may take what a pass would.
Index Footprint::solvers(std::size_t threads) const {
  const std::size_t most = std::max(bytes_of_pass(*this, threads), bytes_after(*this));
  const std::size_t beside = 20 * static_cast<std::size_t>(added_up(*this));
  const std::size_t each = 8 * static_cast<std::size_t>(std::max<Index>(solving, 1));
  return std::max<Index>(1, static_cast<Index>((most - beside) / each));
}

}  // namespace superstep
