// SPDX-License-Identifier: BSD-3-Clause
// The table of classes and answers, counted in integers: only pairs that occur take memory, so a
// hundred thousand classes are no matter of their square.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/learn/metrics/statistics.hpp>
#include <superstep/learn/metrics/sums.hpp>

namespace superstep {

class PairCounter {
 public:
  /// More different pairs are no table that anybody could use.
  static constexpr std::size_t most_pairs = std::size_t{1} << 20;

  /// `answer`: which output it is. `grid`: a row counts as its weight in units of 2^-grid; none:
  /// as one, if it has a positive weight.
  explicit PairCounter(Index answer, std::optional<int> grid = {}) : answer_(answer), grid_(grid) {}

  /// Labels that the model does not know are left out. Any thread.
  void add(const OutputRows& rows);
  /// All ranks' counts. **Collective.**
  PairTable finish(const Communicator& comm);
  /// Memory for the budget.
  static std::size_t bytes(Index rows);

 private:
  __extension__ using Int128 = __int128;
  using Counts = std::unordered_map<std::uint64_t, Int128>;
  void gather(const Communicator& comm, std::uint64_t part, std::uint64_t parts, Counts& all) const;

  Index answer_;
  std::optional<int> grid_;
  std::mutex mutex_;
  Counts counts_;
  bool is_too_large_ = false;
};

}  // namespace superstep
