// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/placement.hpp>

#include <superstep/data/block.hpp>

namespace superstep {

Placement::Placement(Index blocks, int ranks) {
  holders_.reserve(static_cast<std::size_t>(blocks));
  for (int rank = 0; rank < ranks; ++rank) {
    holders_.insert(holders_.end(), static_cast<std::size_t>(share_of(blocks, rank, ranks).size()),
                    rank);
  }
}

std::vector<Index> Placement::of(int rank) const {
  std::vector<Index> blocks;
  for (Index b = 0; b < this->blocks(); ++b) {
    if (holder(b) == rank) blocks.push_back(b);
  }
  return blocks;
}

}  // namespace superstep
