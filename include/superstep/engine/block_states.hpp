// SPDX-License-Identifier: BSD-3-Clause
// What a training keeps of each block between passes, on the rank that looks at it (binned columns,
// scores of the rows). It follows from the block and from what every rank knows, so it is made when
// a block is seen for the first time, made again where the block has moved to another rank, and is
// no part of the training's state. Blocks of which enough is kept are not read any more.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class BlockStates {
 public:
  virtual ~BlockStates() = default;
  /// A pass begins over these blocks (Block::position), ascending: others lie on other ranks.
  virtual void keep_only(std::span<const Index> blocks) = 0;
  /// Whether what is kept of a block is enough: it is shown without features, targets and weights.
  virtual bool is_enough(Index block) const = 0;
};

/// A `T` for each block that has been seen.
template <class T>
class StatesOf final : public BlockStates {
 public:
  explicit StatesOf(Index blocks) : states_(static_cast<std::size_t>(blocks)) {}

  void keep_only(std::span<const Index> blocks) override {
    auto next = blocks.begin();
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (next != blocks.end() && static_cast<std::size_t>(*next) == i) {
        ++next;
      } else {
        states_[i].reset();
      }
    }
  }
  bool is_enough(Index block) const override {
    return states_[static_cast<std::size_t>(block)] != nullptr;
  }
  /// Null until it is put there. Workers look at different blocks.
  std::unique_ptr<T>& of(Index block) { return states_[static_cast<std::size_t>(block)]; }

 private:
  std::vector<std::unique_ptr<T>> states_;
};

}  // namespace superstep
