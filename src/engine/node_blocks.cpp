// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/node_blocks.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>

#include <superstep/comm/collectively.hpp>
#include <superstep/comm/node_memory.hpp>

namespace superstep {

struct NodeBlocks::Memory {
  Memory(const Communicator& comm) : node(comm.on_node()) {}
  Communicator node;
  std::unique_ptr<NodeMemory> segments;
};

NodeBlocks::Need NodeBlocks::need_of(const Communicator& comm, const Dataset& data, Target target,
                                     std::span<const Share> wanted) {
  const Communicator node = comm.on_node();
  const auto* bytes = reinterpret_cast<const std::byte*>(wanted.data());
  std::set<Index> blocks;
  for (const auto& of_rank : node.gather_all({bytes, wanted.size_bytes()})) {
    std::vector<Share> shares(of_rank.size() / sizeof(Share));
    if (!shares.empty()) std::memcpy(shares.data(), of_rank.data(), of_rank.size());
    for (const Share& share : shares) {
      for (Index i = share.begin; i < share.end; ++i) blocks.insert(i);
    }
  }
  Need need;
  need.blocks.assign(blocks.begin(), blocks.end());
  const auto ranks = static_cast<std::size_t>(node.size());
  const std::size_t per_rank = (need.blocks.size() + ranks - 1) / ranks;
  need.bytes_per_rank = per_rank * data.placed_bytes(target);
  // A tenth stays free for MPI's own messages.
  const std::size_t all = need.bytes_per_rank * ranks;
  const bool fits = all + all / 10 + (std::size_t{1} << 20) <= NodeMemory::free_bytes();
  need.has_room = comm.min(Index{fits ? 1 : 0}) == 1;
  return need;
}

NodeBlocks::NodeBlocks(const Communicator& comm, std::shared_ptr<Dataset> data, Target target,
                       Need need, ThreadPool& pool, const std::function<void()>& meanwhile)
    : data_(std::move(data)),
      target_(target),
      need_(std::move(need)),
      memory_(std::make_unique<Memory>(comm)) {
  const Communicator& node = memory_->node;
  const auto count = static_cast<Index>(need_.blocks.size());
  const std::size_t each = data_->placed_bytes(target);
  const Share mine = share_of(count, node.rank(), node.size());
  memory_->segments =
      std::make_unique<NodeMemory>(node, static_cast<std::size_t>(mine.size()) * each);
  for (int r = 0; r < node.size(); ++r) {
    std::byte* at = memory_->segments->part(r);
    for (Index i = share_of(count, r, node.size()).size(); i > 0; --i, at += each) {
      blocks_.push_back(data_->place(at, target));
    }
  }
  std::atomic<Index> next = mine.begin;
  std::exception_ptr failure;
  std::mutex mutex;
  pool.run(
      [&](int worker) {
        for (Index i = next++; i < mine.end; i = next++) {
          try {
            const auto k = static_cast<std::size_t>(i);
            data_->read(need_.blocks[k], target_, blocks_[k]);
          } catch (...) {
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
            return;
          }
          if (worker == 0) meanwhile();
        }
      },
      meanwhile);
  collectively(comm, [&] {
    if (failure) std::rethrow_exception(failure);
    data_->require_unchanged();
  });
  memory_->segments->publish(node);
}

NodeBlocks::~NodeBlocks() = default;

Index NodeBlocks::place_of(Index number) const {
  const auto found = std::ranges::lower_bound(need_.blocks, number);
  if (found == need_.blocks.end() || *found != number) return -1;
  return found - need_.blocks.begin();
}

bool NodeBlocks::serve(const Dataset& data, Target target, std::span<const Index> blocks) const {
  const bool is_of_these = &data == data_.get() && (target == target_ || target == Target::none);
  return is_of_these && std::ranges::includes(need_.blocks, blocks);
}

const StoredBlock& NodeBlocks::block(Index number) const {
  return blocks_[static_cast<std::size_t>(place_of(number))];
}

}  // namespace superstep
