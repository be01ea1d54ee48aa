// SPDX-License-Identifier: BSD-3-Clause
// Which rank looks at which block. The same on every rank, and seen in no result (rule 1), so
// blocks may lie elsewhere from one pass to the next.
#pragma once

#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class Placement {
 public:
  Placement() = default;
  /// Each rank has a run of neighbours, as many as any other or one more.
  Placement(Index blocks, int ranks);

  Index blocks() const { return static_cast<Index>(holders_.size()); }
  int holder(Index block) const { return holders_[static_cast<std::size_t>(block)]; }
  /// Ascending.
  std::vector<Index> of(int rank) const;
  void move(Index block, int rank) { holders_[static_cast<std::size_t>(block)] = rank; }
  bool operator==(const Placement&) const = default;

 private:
  std::vector<int> holders_;
};

}  // namespace superstep
