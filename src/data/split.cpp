// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/split.hpp>

namespace superstep {

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
