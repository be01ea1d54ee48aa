// SPDX-License-Identifier: BSD-3-Clause
// The limit of a packed sum is a read, an addition and a write for each row and column: one store a
// cycle. Rows of small nodes lie far apart, so their bins and words are asked for some rows ahead.
#include "learn/trees/histogram.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace superstep::trees {

namespace {

constexpr Index bins_of_column = 256;  ///< of a column in packed sums, so that places are constants
constexpr Index tile_words = BinLayout::tile_columns * bins_of_column;
constexpr std::size_t ahead = 16;

template <int columns>
inline void add_row(const std::uint8_t* bins, std::uint64_t word, std::uint64_t* sums) {
#pragma GCC unroll 32
  for (int c = 0; c < columns; ++c) sums[c * bins_of_column + bins[c]] += word;
}

template <int columns>
void add_rows(const std::uint8_t* bins, Index stride, const std::uint64_t* words, RowList rows,
              std::uint64_t* sums) {
  const std::size_t n = rows.size();
  const std::size_t far = n > ahead ? n - ahead : 0;
  std::size_t i = 0;
  for (; i < far; ++i) {
    const Index next = rows[i + ahead];
    __builtin_prefetch(bins + next * stride);
    __builtin_prefetch(words + next);
    add_row<columns>(bins + Index{rows[i]} * stride, words[rows[i]], sums);
  }
  for (; i < n; ++i) add_row<columns>(bins + Index{rows[i]} * stride, words[rows[i]], sums);
}

using AddRows = void (*)(const std::uint8_t*, Index, const std::uint64_t*, RowList, std::uint64_t*);

/// By the columns of a tile, from one on.
template <std::size_t... i>
constexpr auto adders(std::index_sequence<i...>) {
  return std::array<AddRows, sizeof...(i)>{add_rows<static_cast<int>(i) + 1>...};
}
constexpr auto adders_by_columns = adders(std::make_index_sequence<BinLayout::tile_columns>());

}  // namespace

Index PackedWord::most_rows(std::int64_t largest_gradient, std::int64_t largest_hessian) {
  const auto within = [](int bits, std::int64_t largest) {
    return ((std::int64_t{1} << bits) - 1) / std::max<std::int64_t>(largest, 1);
  };
  return std::min({within(gradient_bits - 1, largest_gradient),
                   within(hessian_bits, largest_hessian), within(row_bits, 1)});
}

PackedSums::PackedSums(const BinLayout& layout) : words_(layout.tiles() * tile_words) {
  std::fill_n(words_.data(), words_.size(), std::uint64_t{0});
}

std::size_t PackedSums::bytes(const BinLayout& layout) {
  return static_cast<std::size_t>(layout.tiles() * tile_words) * sizeof(std::uint64_t);
}

void PackedSums::add(const BinLayout& layout, const BinnedRows& bins, const std::uint64_t* words,
                     RowList rows, Index most_rows, std::int64_t* to) {
  while (!rows.empty()) {
    if (rows_ == most_rows) flush(layout, to);
    const auto n = std::min(rows.size(), static_cast<std::size_t>(most_rows - rows_));
    for (Index t = 0; t < layout.tiles(); ++t) {
      const auto add = adders_by_columns[static_cast<std::size_t>(layout.columns_of_tile(t) - 1)];
      add(bins.tile(layout, t), layout.stride(t), words, rows.first(n),
          words_.data() + t * tile_words);
    }
    rows_ += static_cast<Index>(n);
    rows = rows.subspan(n);
  }
}

void PackedSums::flush(const BinLayout& layout, std::int64_t* to) {
  if (rows_ == 0) return;
  rows_ = 0;
  const HistogramView sums(to, layout.slots());
  for (Index c = 0; c < layout.columns(); ++c) {
    std::uint64_t* from = words_.data() + c * bins_of_column;
    const Index first = layout.slot_begin(c), slots = layout.slots(c);
    for (Index b = 0; b < slots; ++b) {
      const NodeTotals t = PackedWord::totals(from[b]);
      sums.gradient[first + b] += t.gradient;
      sums.hessian[first + b] += t.hessian;
      sums.rows[first + b] += t.rows;
      from[b] = 0;
    }
  }
}

void add_wide(const BinLayout& layout, const BinnedRows& bins, const WideWord* words, RowList rows,
              std::int64_t* to) {
  const HistogramView sums(to, layout.slots());
  for (Index t = 0; t < layout.tiles(); ++t) {
    const std::uint8_t* tile = bins.tile(layout, t);
    const Index stride = layout.stride(t), first = t * BinLayout::tile_columns;
    const Index columns = layout.columns_of_tile(t);
    for (const std::uint16_t row : rows) {
      const std::uint8_t* its = tile + Index{row} * stride;
      const WideWord word = words[row];
      for (Index c = 0; c < columns; ++c) {
        const Index slot = layout.slot_begin(first + c) + its[c];
        sums.gradient[slot] += word.gradient;
        sums.hessian[slot] += word.hessian;
        sums.rows[slot] += 1;
      }
    }
  }
}

}  // namespace superstep::trees
