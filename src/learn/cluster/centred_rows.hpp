// SPDX-License-Identifier: BSD-3-Clause
// Blocks cut into panels that stay in the cache, with a common origin subtracted: distances and
// sums of data that lie far from zero keep their digits, and several sets of centres share one
// visit.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <superstep/data/block.hpp>
#include <superstep/engine/workspace.hpp>
#include <superstep/math/assignment.hpp>
#include <superstep/math/panel.hpp>

namespace superstep {

/// Some rows of a block.
struct RowPanel {
  math::ConstPanel x;    ///< centred; zeros follow each row, up to math::padded(columns)
  const double* weight;  ///< one a row; null: all one
  const Block* block;    ///< where they come from
  Index first;           ///< number of the first row in the block

  double weight_of(Index i) const { return weight == nullptr ? 1.0 : weight[i]; }
  /// Number of a row in the dataset.
  Index row(Index i) const { return block->row(first + i); }
};

/// Rows of a panel: a multiple of the rows that a tile of the kernels takes.
inline constexpr Index panel_rows = 192;

/// The workspace slots of mathematics on panels; the first holds the panel itself.
enum PanelSlot : std::size_t { panel_slot, distance_slot };

class Origin {
 public:
  explicit Origin(std::vector<double> origin) : origin_(std::move(origin)) {}

  Index columns() const { return static_cast<Index>(origin_.size()); }
  double operator[](Index column) const { return origin_[static_cast<std::size_t>(column)]; }

  /// x - origin; out: as many rows of math::padded(columns()).
  void subtract(math::ConstPanel x, double* out) const {
    math::centre_rows(x, origin_.data(), {out, x.rows, math::padded(columns())});
  }

  /// Calls `f(panel)` for all rows of the block, in order.
  template <class F>
  void panels(const Block& block, Workspace& workspace, F&& f) const {
    const Index stride = math::padded(columns());
    double* centred = workspace.doubles(panel_slot, std::min(panel_rows, block.rows) * stride);
    for (Index row = 0; row < block.rows; row += panel_rows) {
      const Index rows = std::min(panel_rows, block.rows - row);
      subtract({block.x + row * columns(), rows, columns()}, centred);
      f(RowPanel{{centred, rows, columns(), stride},
                 block.weight == nullptr ? nullptr : block.weight + row,
                 &block,
                 row});
    }
  }

 private:
  std::vector<double> origin_;
};

}  // namespace superstep
