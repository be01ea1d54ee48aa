// SPDX-License-Identifier: BSD-3-Clause
// What passes and solutions take beside the blocks.
#include <algorithm>

#include <superstep/engine/engine.hpp>

namespace superstep {

namespace {

Index added_up(const Footprint& f) { return f.entries == 0 ? f.sums : f.entries; }

}  // namespace

Footprint Footprint::operator|(const Footprint& other) const {
  return {std::max(sums, other.sums),
          std::max(row_doubles, other.row_doubles),
          std::max(replicated, other.replicated),
          std::max(added_up(*this), added_up(other)),
          std::max(solving, other.solving),
          std::max(thread_doubles, other.thread_doubles)};
}

Footprint Footprint::operator+(const Footprint& other) const {
  return {sums + other.sums,
          std::max(row_doubles, other.row_doubles),
          replicated + other.replicated,
          added_up(*this) + added_up(other),
          std::max(solving, other.solving),
          std::max(thread_doubles, other.thread_doubles)};
}

std::size_t Footprint::bytes(std::size_t threads) const {
  const auto doubles = static_cast<std::size_t>(sums) * 8;
  const auto entry = static_cast<std::size_t>(added_up(*this));
  // Each thread has a partial and two words for every entry. The threads share scales and
  // exponents. When a bound breaks, words and scales are gone before maxima and another partial
  // come.
  const std::size_t pass = threads * (doubles + 16 * entry) + 16 * entry;
  // The words of all threads, and doubles that they are rounded to.
  const std::size_t after =
      16 * entry + std::max(doubles, static_cast<std::size_t>(solving) * 8) + 4 * entry;
  return std::max(pass, after) + 8 * (static_cast<std::size_t>(replicated) +
                                      threads * static_cast<std::size_t>(thread_doubles));
}

}  // namespace superstep
