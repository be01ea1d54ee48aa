// SPDX-License-Identifier: BSD-3-Clause
// Memory a worker reuses from block to block.
#pragma once

#include <cstdint>
#include <vector>

#include <superstep/data/dataset.hpp>

namespace superstep {

class Workspace {
 public:
  /// Room for `count` doubles, the same memory for the same slot in every block; not initialised.
  double* doubles(std::size_t slot, Index count) {
    if (slot >= doubles_.size()) doubles_.resize(slot + 1);
    doubles_[slot].grow(count);
    return doubles_[slot].data();
  }
  std::int32_t* integers(std::size_t slot, Index count) {
    if (slot >= integers_.size()) integers_.resize(slot + 1);
    integers_[slot].grow(count);
    return integers_[slot].data();
  }

 private:
  std::vector<Buffer<double>> doubles_;
  std::vector<Buffer<std::int32_t>> integers_;
};

}  // namespace superstep
