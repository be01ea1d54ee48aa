// SPDX-License-Identifier: BSD-3-Clause
// A stored block as the kernels see it: doubles, the table's rows, behind its transformers. One
// worker's scratch.
#pragma once

#include <cstdint>

#include <superstep/data/table.hpp>

namespace superstep {

class BlockView {
 public:
  /// `position` numbers the block among the selected ones. Valid until the next call.
  Block of(const Table& table, Index position, const StoredBlock& stored);

 private:
  void choose_rows(const Table& table, Block& block);
  void weigh_classes(const std::vector<double>& factors, Block& block);
  template <class T>
  void widen(const T* from, Block& block);
  double* next_scratch(Index count);

  Buffer<double> scratch_[2];
  int next_ = 0;
  Buffer<std::int32_t> cells_, taken_;
  Buffer<double> y_, weight_, group_, class_weight_;
};

}  // namespace superstep
