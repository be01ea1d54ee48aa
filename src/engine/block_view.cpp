// SPDX-License-Identifier: BSD-3-Clause
#include "engine/block_view.hpp"

namespace superstep {

Block BlockView::of(const Table& table, Index position, const StoredBlock& stored) {
  const Dataset& data = *table.data;
  const BlockPlan& plan = data.blocks();
  Block block;
  block.index = plan.id(position);
  block.position = position;
  block.first_row = plan.first_row(position);
  block.rows = plan.rows_of(position);
  block.columns = data.columns();
  block.x = stored.x64.data();
  if (table.target != Target::none) block.y = stored.y.data();
  if (data.has_weight()) block.weight = stored.weight.data();
  int next = 0;
  if (data.is_float32()) {
    const Index count = block.rows * block.columns;
    scratch_[next].grow(count);
    double* to = scratch_[next].data();
    const float* from = stored.x32.data();
    for (Index i = 0; i < count; ++i) to[i] = static_cast<double>(from[i]);
    block.x = to;
    next = 1 - next;
  }
  for (const auto& map : table.maps) {
    scratch_[next].grow(block.rows * map->columns_out());
    map->apply(block.x, block.rows, scratch_[next].data());
    block.x = scratch_[next].data();
    block.columns = map->columns_out();
    next = 1 - next;
  }
  return block;
}

}  // namespace superstep
