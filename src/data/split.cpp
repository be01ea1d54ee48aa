// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/split.hpp>

namespace superstep {

Block bare_block(const BlockPlan& blocks, Index i) {
  Block block;
  block.index = blocks.id(i);
  block.position = i;
  block.first_row = blocks.first_row(i);
  block.first_place = i * blocks.rows_per_block();
  block.rows = blocks.rows_of(i);
  return block;
}

Index rows_with_role(const Split& split, Role role, const Block& block, std::int32_t* cells,
                     std::int32_t* rows) {
  split.partition->assign(block, cells);
  Index n = 0;
  for (Index i = 0; i < block.rows; ++i) {
    rows[n] = static_cast<std::int32_t>(i);
    n += split.role_of(cells[i]) == role ? 1 : 0;
  }
  return n;
}

}  // namespace superstep
