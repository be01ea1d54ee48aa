// SPDX-License-Identifier: BSD-3-Clause
// Blocks that the ranks of a node share: read once, used in place by all of them, so that several
// teams of ranks that each need all rows do not hold them several times.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/engine/thread_pool.hpp>

namespace superstep {

class NodeBlocks {
 public:
  /// What this rank's node needs, and what that costs.
  struct Need {
    std::vector<Index> blocks;       ///< of the whole node, ascending
    std::size_t bytes_per_rank = 0;  ///< of this node
    bool has_room = true;            ///< on every node
  };
  /// `wanted`: the shares that this rank will work on. **Collective.**
  static Need need_of(const Communicator& comm, const Dataset& data, Target target,
                      std::span<const Share> wanted);

  /// Reads them, each rank of the node a part of them, on the threads of `pool`. **Collective.**
  NodeBlocks(const Communicator& comm, std::shared_ptr<Dataset> data, Target target, Need need,
             ThreadPool& pool, const std::function<void()>& meanwhile);
  ~NodeBlocks();
  NodeBlocks(const NodeBlocks&) = delete;
  NodeBlocks& operator=(const NodeBlocks&) = delete;

  /// Whether all these blocks of that dataset are among them, with that target. `blocks` ascend.
  bool serve(const Dataset& data, Target target, std::span<const Index> blocks) const;
  const StoredBlock& block(Index number) const;
  std::size_t bytes_per_rank() const { return need_.bytes_per_rank; }

 private:
  struct Memory;
  Index place_of(Index number) const;

  std::shared_ptr<Dataset> data_;
  Target target_;
  Need need_;
  std::unique_ptr<Memory> memory_;
  std::vector<StoredBlock> blocks_;  ///< as need_.blocks
};

}  // namespace superstep
