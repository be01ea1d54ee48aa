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
#include <superstep/math/distances.hpp>
#include <superstep/math/panel.hpp>

#include "learn/features.hpp"

namespace superstep {

/// Some rows of a block, in order.
struct RowPanel {
  math::ConstPanel x;          ///< centred; zeros follow each row, up to math::padded(columns)
  math::PackedRows lanes;      ///< the same as nearest() reads it
  const double* weight;        ///< one a row; null: all one
  const Block* block;          ///< where they come from
  const std::int32_t* chosen;  ///< their numbers in the block; null: one after the other
  Index first;                 ///< number of the first row in the block, where chosen is null

  double weight_of(Index i) const { return weight == nullptr ? 1.0 : weight[i]; }
  /// Number of a row in the dataset.
  Index row(Index i) const { return block->row(chosen == nullptr ? first + i : Index{chosen[i]}); }
};

/// Most rows of a panel: a multiple of the rows that a tile of the kernels takes.
inline constexpr Index panel_rows = 384;
/// Rows of a panel: as many as leave room for centres in a cache of 1 MiB beside both copies.
constexpr Index panel_rows_for(Index columns) {
  constexpr Index tile = 48, most_values = Index{1} << 15;
  return std::clamp(most_values / math::padded(columns) / tile * tile, tile, panel_rows);
}

/// The workspace slots of mathematics on panels.
enum PanelSlot : std::size_t { panel_slot, distance_slot, lanes_slot, weight_slot };
enum PanelIntegerSlot : std::size_t { nearest_slot, cell_slot, chosen_slot };

/// Rows of a block by their numbers; all of them where `numbers` is null.
struct ChosenRows {
  const std::int32_t* numbers = nullptr;
  Index count = 0;
};

class Origin {
 public:
  explicit Origin(std::vector<double> origin) : origin_(std::move(origin)) {}

  Index columns() const { return static_cast<Index>(origin_.size()); }
  double operator[](Index column) const { return origin_[static_cast<std::size_t>(column)]; }

  /// x - origin; out: as many rows of math::padded(columns()).
  void subtract(math::ConstPanel x, double* out) const {
    math::centre_rows(x, nullptr, origin_.data(), {out, x.rows, math::padded(columns())});
  }

  /// Calls `f(panel)` for these rows of the block, in order.
  template <class F>
  void panels(const Block& block, const ChosenRows& rows, Workspace& workspace, F&& f) const {
    const Index stride = math::padded(columns());
    const Index tall = panel_rows_for(columns());
    double* centred = workspace.doubles(panel_slot, tall * stride);
    double* lanes = workspace.doubles(lanes_slot, math::packed_rows_size(tall, columns()));
    with_features(block, [&](auto all) {
      for (Index row = 0; row < rows.count; row += tall) {
        const Index count = std::min(tall, rows.count - row);
        const bool is_whole = rows.numbers == nullptr;
        const std::int32_t* chosen = is_whole ? nullptr : rows.numbers + row;
        math::centre_rows(is_whole ? all.middle_rows(row, count) : all, chosen, origin_.data(),
                          {centred, count, stride});
        const math::ConstPanel x{centred, count, columns(), stride};
        RowPanel panel{x,
                       math::pack_rows(x, lanes),
                       weights_of(block, chosen, row, count, workspace),
                       &block,
                       chosen,
                       row};
        // Chosen rows lie close together, as a rule.
        if (row + 2 * count <= rows.count) {
          panel.lanes.fetch_from(all.row(is_whole ? row + count : Index{chosen[count]}));
        }
        f(panel);
      }
    });
  }

 private:
  static const double* weights_of(const Block& block, const std::int32_t* chosen, Index first,
                                  Index count, Workspace& workspace) {
    if (block.weight == nullptr) return nullptr;
    if (chosen == nullptr) return block.weight + first;
    double* weights = workspace.doubles(weight_slot, panel_rows);
    for (Index i = 0; i < count; ++i) weights[i] = block.weight[chosen[i]];
    return weights;
  }

  std::vector<double> origin_;
};

}  // namespace superstep
