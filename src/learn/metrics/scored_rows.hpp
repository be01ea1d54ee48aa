// SPDX-License-Identifier: BSD-3-Clause
// Scores that are sorted across ranks.
#pragma once

#include <cstdint>
#include <vector>

#include <superstep/comm/communicator.hpp>

namespace superstep {

/// What rows of one class and one score weigh together. Keys ascend as scores descend.
struct ScoredRows {
  std::uint64_t key;
  std::int64_t code;
  std::int64_t weight;
};

/// For finite scores only; always below `beyond_all_keys`. Equal scores have equal keys, 0.0 and
/// -0.0 too.
std::uint64_t key_of(double score);
double score_of(std::uint64_t key);
constexpr std::uint64_t beyond_all_keys = ~std::uint64_t{0};

/// Sorts by key and class and adds up the weights of equal ones.
void sort_and_merge(std::vector<ScoredRows>& rows);

/// Gives each rank a range of keys, ascending with the rank, about equally many rows each; all rows
/// of one key go to one rank. `rows` are sorted; what comes back is not. A call of MPI sends
/// `slice_bytes` per rank at most, or a few rows for each rank. **Collective.**
std::vector<ScoredRows> exchange_by_key(const Communicator& comm, std::vector<ScoredRows> rows,
                                        std::size_t slice_bytes);

}  // namespace superstep
