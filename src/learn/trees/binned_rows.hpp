// SPDX-License-Identifier: BSD-3-Clause
// Rows as trees see them: a byte a value, the number of its bin. Columns lie in tiles of 32, row by
// row within a tile, so that the bins of a row are a run of bytes and a histogram of a tile stays
// in the cache.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include <superstep/data/block.hpp>
#include <superstep/data/buffer.hpp>
#include "learn/trees/bin_edges.hpp"

namespace superstep::trees {

/// Where the bins of columns lie, in rows and in histograms.
class BinLayout {
 public:
  static constexpr Index tile_columns = 32;

  explicit BinLayout(const BinEdges& edges);

  Index columns() const { return std::ssize(slot_begin_) - 1; }
  Index tiles() const { return (columns() + tile_columns - 1) / tile_columns; }
  Index columns_of_tile(Index tile) const;
  /// Bytes from row to row of a tile: a row lies in one line of the cache.
  Index stride(Index tile) const {
    return static_cast<Index>(std::bit_ceil(static_cast<std::uint64_t>(columns_of_tile(tile))));
  }
  /// Bytes of a row in all tiles.
  Index row_bytes() const { return tiles() == 0 ? 0 : first_byte(tiles()); }
  /// Where a tile of so many rows begins.
  Index tile_begin(Index tile, Index rows) const { return first_byte(tile) * rows; }

  /// In histograms bins lie side by side, column by column: those of a column begin here, the last
  /// is that of what is missing.
  Index slot_begin(Index column) const { return slot_begin_[static_cast<std::size_t>(column)]; }
  Index slots(Index column) const { return slot_begin(column + 1) - slot_begin(column); }
  Index slots() const { return slot_begin_.back(); }
  std::uint8_t missing_bin(Index column) const {
    return static_cast<std::uint8_t>(slots(column) - 1);
  }

 private:
  Index first_byte(Index tile) const {
    return tile < tiles() ? tile * tile_columns : (tile - 1) * tile_columns + stride(tile - 1);
  }
  std::vector<Index> slot_begin_;
};

/// The rows of a block.
class BinnedRows {
 public:
  /// `has_columns`: column by column, too, at a byte more for each value.
  BinnedRows(const BinEdges& edges, const BinLayout& layout, const Block& block, bool has_columns);

  Index rows() const { return rows_; }
  const std::uint8_t* tile(const BinLayout& layout, Index tile) const {
    return bins_.data() + layout.tile_begin(tile, rows_);
  }
  /// Those of one column, so far from each other.
  struct Column {
    const std::uint8_t* first;
    Index stride;
    std::uint8_t of(Index row) const { return first[row * stride]; }
  };
  Column column(const BinLayout& layout, Index column) const {
    if (by_column_.size() > 0) return {by_column_.data() + column * rows_, 1};
    const Index its_tile = column / BinLayout::tile_columns;
    return {tile(layout, its_tile) + column % BinLayout::tile_columns, layout.stride(its_tile)};
  }

 private:
  Index rows_;
  Buffer<std::uint8_t> bins_;
  Buffer<std::uint8_t> by_column_;  ///< rows of nodes are told apart without touching their others
};

}  // namespace superstep::trees
