// SPDX-License-Identifier: BSD-3-Clause
// A stored block as the kernels see it: doubles, behind the table's transformers. One worker's
// scratch.
#pragma once

#include <superstep/data/table.hpp>

namespace superstep {

class BlockView {
 public:
  /// `position` numbers the block among the selected ones. Valid until the next call.
  Block of(const Table& table, Index position, const StoredBlock& stored);

 private:
  Buffer<double> scratch_[2];
};

}  // namespace superstep
