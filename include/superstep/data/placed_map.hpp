// SPDX-License-Identifier: BSD-3-Clause
// A link of a table's chain that sees where rows lie: what it makes of a row depends on the fold
// that the row belongs to.
#pragma once

#include <algorithm>

#include <superstep/data/table.hpp>

namespace superstep {

class PlacedMap : public RowMap {
 public:
  /// Of the block's rows, as they come to it. `in` and `out` do not overlap.
  virtual void apply_in(const Block& block, const double* in, double* out) const = 0;
};

/// Whether rows are shown by where they lie, so that nobody can judge them apart from the table.
inline bool has_placed_maps(const Table& table) {
  return std::ranges::any_of(table.maps, [](const auto& map) {
    return dynamic_cast<const PlacedMap*>(map.get()) != nullptr;
  });
}

}  // namespace superstep
