// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/binned_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "learn/features.hpp"

namespace superstep::trees {

BinLayout::BinLayout(const BinEdges& edges) {
  slot_begin_.push_back(0);
  for (Index c = 0; c < edges.columns(); ++c) {
    slot_begin_.push_back(slot_begin_.back() + edges.bins(c) + 1);
  }
}

Index BinLayout::columns_of_tile(Index tile) const {
  return std::min(tile_columns, columns() - tile * tile_columns);
}

namespace {

/// Behind the bins, so that four may be fetched where one is wanted.
constexpr Index spare_bytes = 3;

/// The edges of a column and infinities behind them, so that a search takes the same eight steps
/// for every value.
class Ladder {
 public:
  explicit Ladder(const std::vector<double>& edges) {
    std::ranges::fill(edge_, std::numeric_limits<double>::infinity());
    std::ranges::copy(edges, edge_);
  }
  /// The number of edges below each value: some values at a time, so that their steps are taken
  /// side by side.
  void below(const double* values, Index count, std::int64_t* at) const {
    std::fill_n(at, count, std::int64_t{0});
    for (std::int64_t step = size / 2; step > 0; step /= 2) {
      for (Index i = 0; i < count; ++i) {
        at[i] += edge_[at[i] + step - 1] < values[i] ? step : 0;
      }
    }
  }

 private:
  static constexpr Index size = 256;
  double edge_[size];
};

template <class T>
void bin_column(const T* x, Index columns, Index rows, const Ladder& ladder, std::uint8_t missing,
                std::uint8_t* to, Index stride) {
  constexpr Index at_a_time = 64;
  double values[at_a_time];
  std::int64_t bins[at_a_time];
  for (Index first = 0; first < rows; first += at_a_time) {
    const Index n = std::min(at_a_time, rows - first);
    for (Index i = 0; i < n; ++i) values[i] = static_cast<double>(x[(first + i) * columns]);
    ladder.below(values, n, bins);
    for (Index i = 0; i < n; ++i) {
      to[(first + i) * stride] =
          std::isnan(values[i]) ? missing : static_cast<std::uint8_t>(bins[i]);
    }
  }
}

}  // namespace

BinnedRows::BinnedRows(const BinEdges& edges, const BinLayout& layout, const Block& block,
                       bool has_columns)
    : rows_(block.rows),
      bins_(layout.row_bytes() * block.rows + spare_bytes),
      by_column_(has_columns ? layout.columns() * block.rows + spare_bytes : 0) {
  std::fill_n(bins_.data(), bins_.size(), std::uint8_t{0});
  std::fill_n(by_column_.data(), by_column_.size(), std::uint8_t{0});
  for (Index c = 0; c < layout.columns(); ++c) {
    const Index tile = c / BinLayout::tile_columns;
    const Ladder ladder(edges.edges(c));
    std::uint8_t* to = bins_.data() + layout.tile_begin(tile, rows_) + c % BinLayout::tile_columns;
    with_features(block, [&](auto x) {
      bin_column(x.data + c, x.stride, rows_, ladder, layout.missing_bin(c), to,
                 layout.stride(tile));
    });
    if (!has_columns) continue;
    const Index stride = layout.stride(tile);
    for (Index r = 0; r < rows_; ++r) by_column_.data()[c * rows_ + r] = to[r * stride];
  }
}

}  // namespace superstep::trees
