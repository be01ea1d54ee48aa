// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/node_rows.hpp"

#include <algorithm>
#include <utility>

#ifdef __AVX512VBMI2__
#include <immintrin.h>
#endif

namespace superstep::trees {

namespace {

/// Whether bins go to the left.
struct Sides {
  const std::uint8_t* column;
  std::int32_t stride;
  std::uint8_t last_left;
  std::uint8_t missing;
  bool missing_left;

  bool is_left(std::uint16_t row) const {
    const std::uint8_t bin = column[std::int32_t{row} * stride];
    return bin == missing ? missing_left : bin <= last_left;
  }
};

#ifdef __AVX512VBMI2__

/// Of 16 rows, those that go to the left. Four bytes are fetched for each, of which one counts; so
/// three lie behind the column's last.
__mmask16 left_of(const Sides& s, __m512i rows, __mmask16 valid) {
  const __m512i places = _mm512_mullo_epi32(rows, _mm512_set1_epi32(s.stride));
  const __m512i bytes =
      _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), valid, places, s.column, 1);
  const __m512i bins = _mm512_and_si512(bytes, _mm512_set1_epi32(0xff));
  const __mmask16 low = _mm512_mask_cmple_epu32_mask(valid, bins, _mm512_set1_epi32(s.last_left));
  const __mmask16 gone = _mm512_mask_cmpeq_epu32_mask(valid, bins, _mm512_set1_epi32(s.missing));
  return s.missing_left ? low | gone : low & ~gone;
}

std::int32_t divide_list(const Sides& s, std::uint16_t* list, std::int32_t count) {
  alignas(64) std::uint16_t right[NodeRows::most_rows + 32];
  std::uint16_t* to_left = list;
  std::uint16_t* to_right = right;
  for (std::int32_t i = 0; i < count; i += 32) {
    const std::int32_t n = std::min(32, count - i);
    const __mmask32 valid = n == 32 ? ~__mmask32{0} : (__mmask32{1} << n) - 1;
    const __m512i rows = _mm512_maskz_loadu_epi16(valid, list + i);
    const __mmask32 low = left_of(s, _mm512_cvtepu16_epi32(_mm512_castsi512_si256(rows)),
                                  static_cast<__mmask16>(valid));
    const __mmask32 high = left_of(s, _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(rows, 1)),
                                   static_cast<__mmask16>(valid >> 16));
    const __mmask32 left = low | high << 16;
    const int n_left = __builtin_popcount(left);
    _mm512_mask_storeu_epi16(to_left, n_left == 32 ? ~__mmask32{0} : (__mmask32{1} << n_left) - 1,
                             _mm512_maskz_compress_epi16(left, rows));
    _mm512_storeu_si512(to_right, _mm512_maskz_compress_epi16(valid & ~left, rows));
    to_left += n_left;
    to_right += n - n_left;
  }
  std::copy(right, to_right, to_left);
  return static_cast<std::int32_t>(to_left - list);
}

#else

/// Without a branch: each row is written to both sides, of which one stays; and not to the list,
/// whose next rows would wait until it is known where.
std::int32_t divide_list(const Sides& s, std::uint16_t* list, std::int32_t count) {
  std::uint16_t left[NodeRows::most_rows], right[NodeRows::most_rows];
  std::int32_t n_left = 0, n_right = 0;
  constexpr std::int32_t ahead = 24;
  for (std::int32_t i = 0; i < count; ++i) {
    if (i + ahead < count) __builtin_prefetch(s.column + std::int32_t{list[i + ahead]} * s.stride);
    const std::uint16_t row = list[i];
    const std::int32_t is_left = s.is_left(row) ? 1 : 0;
    left[n_left] = row;
    right[n_right] = row;
    n_left += is_left;
    n_right += 1 - is_left;
  }
  std::copy_n(left, n_left, list);
  std::copy_n(right, n_right, list + n_left);
  return n_left;
}

#endif

}  // namespace

void NodeRows::plant(std::vector<std::uint16_t> rows) {
  list_ = std::move(rows);
  segments_.assign(1, {0, static_cast<std::int32_t>(list_.size())});
}

void NodeRows::divide(const Grower& grower, const BinLayout& layout, const BinnedRows& bins) {
  const std::vector<Grower::Node>& nodes = grower.nodes();
  while (segments_.size() < nodes.size()) {
    const auto parent = static_cast<std::size_t>(nodes[segments_.size()].parent);
    const Split& split = nodes[parent].best;
    const Segment whole = segments_[parent];
    const BinnedRows::Column column = bins.column(layout, split.column);
    const Sides sides{column.first, static_cast<std::int32_t>(column.stride),
                      static_cast<std::uint8_t>(split.bin), layout.missing_bin(split.column),
                      split.missing_left};
    const std::int32_t left = divide_list(sides, list_.data() + whole.begin, whole.count);
    segments_.push_back({whole.begin, left});
    segments_.push_back({whole.begin + left, whole.count - left});
  }
}

void NodeRows::add_leaves(const Grower& grown, const Forest& forest, Index tree,
                          double* scores) const {
  const Index begin = forest.begin[static_cast<std::size_t>(tree)];
  std::vector<std::pair<int, Index>> next = {{0, begin}};  // nodes of the one and of the other
  while (!next.empty()) {
    const auto [node, place] = next.back();
    next.pop_back();
    const Grower::Node& here = grown.nodes()[static_cast<std::size_t>(node)];
    if (here.is_split) {
      const Index left = begin + forest.left[static_cast<std::size_t>(place)];
      next.emplace_back(here.left, left);
      next.emplace_back(here.left + 1, left + 1);
      continue;
    }
    const double value = forest.value[static_cast<std::size_t>(place)];
    for (const std::uint16_t row : of(node)) scores[row] += value;
  }
}

void walk(const Forest& f, Index tree, const BinLayout& layout, const BinnedRows& bins,
          RowList rows, double* scores) {
  const auto begin = static_cast<std::size_t>(f.begin[static_cast<std::size_t>(tree)]);
  for (const std::uint16_t row : rows) {
    std::size_t node = begin;
    while (f.left[node] != 0) {
      const std::uint8_t bin = bins.column(layout, f.feature[node]).of(row);
      const bool goes_left = bin == layout.missing_bin(f.feature[node]) ? f.missing_left[node] != 0
                                                                        : Index{bin} <= f.bin[node];
      node = begin + static_cast<std::size_t>(f.left[node]) + (goes_left ? 0 : 1);
    }
    scores[row] += f.value[node];
  }
}

}  // namespace superstep::trees
