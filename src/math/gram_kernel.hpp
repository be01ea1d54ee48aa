// SPDX-License-Identifier: BSD-3-Clause
// Body of gram_add as a template on the pack: panels of rows are copied (shifted, extra columns
// beside them, weighted in a second copy), and the tiles of the upper triangle add each panel.
#pragma once

#include <algorithm>

#include <math/aligned_buffer.hpp>
#include <math/outer_tile.hpp>
#include <superstep/math/products.hpp>

namespace superstep::math {

template <class P, class T>
class GramKernel {
 public:
  explicit GramKernel(const GramInputOf<T>& input)
      : in_(input),
        width_(input.width()),
        padded_(ceil_div(width_, w) * w),
        // An odd number of cache lines a row, so that the rows of a strip spread over all sets of
        // the cache.
        stride_(padded_ + (padded_ / 8 % 2 == 0 ? 8 : 0)),
        rows_(input.rows ? static_cast<Index>(input.rows->size()) : input.x.rows),
        panel_rows_(std::clamp<Index>(32768 / stride_, 32, 256)) {}

  void add(double* gram) {
    thread_local AlignedBuffer panel_buffer, weighted_buffer, shift_buffer, sum_buffer;
    panel_ = panel_buffer.reserve(panel_rows_ * stride_);
    weighted_ = in_.weights == nullptr ? panel_ : weighted_buffer.reserve(panel_rows_ * stride_);
    shift_ = shift_buffer.reserve(padded_);
    sums_ = sum_buffer.reserve(width_ * padded_);
    std::fill_n(shift_, padded_, 0.0);
    if (in_.shift != nullptr) std::copy_n(in_.shift, in_.x.columns, shift_);
    std::fill_n(sums_, width_ * padded_, 0.0);
    for (Index a = 0; a < width_; ++a) {
      std::copy(gram + a * width_ + a, gram + (a + 1) * width_, sums_ + a * padded_ + a);
    }
    clear_padding();
    for (Index first = 0; first < rows_; first += panel_rows_) {
      const Index rows = std::min(panel_rows_, rows_ - first);
      if (in_.weights == nullptr) {
        copy_rows<false>(first, rows);
      } else {
        copy_rows<true>(first, rows);
      }
      add_panel(first, rows);
    }
    for (Index a = 0; a < width_; ++a) {
      std::copy(sums_ + a * padded_ + a, sums_ + a * padded_ + width_, gram + a * width_ + a);
    }
  }

 private:
  using Table = TileTable<P, OuterTile<P, Side::packed>>;
  static constexpr int w = P::width;
  static constexpr int tile_rows = TileShape<P>::broadcasts;
  static_assert(tile_rows % w == 0, "the tiles of the diagonal begin at whole packs");

  Index row_number(Index i) const {
    return in_.rows ? (*in_.rows)[static_cast<std::size_t>(i)] : i;
  }

  /// Columns that only exist to fill a pack: written once, they stay zero.
  void clear_padding() const {
    for (double* panel : {panel_, weighted_}) {
      for (Index i = 0; i < panel_rows_; ++i) {
        std::fill(panel + i * stride_ + in_.x.columns, panel + i * stride_ + padded_, 0.0);
      }
    }
  }

  template <bool is_weighted>
  void copy_rows(Index first, Index rows) const {
    const Index columns = in_.x.columns;
    const Index whole = columns / w * w;
    const int rest = static_cast<int>(columns - whole);
    const P last_shift = P::load_partial(shift_ + whole, rest);
    for (Index i = 0; i < rows; ++i) {
      const Index number = row_number(first + i);
      const T* from = in_.x.row(number);
      double* to = panel_ + i * stride_;
      double* to_weighted = weighted_ + i * stride_;
      const double weight = is_weighted ? in_.weights[number] : 1.0;
      const auto put = [&](Index c, P value) {
        value.store(to + c);
        if constexpr (is_weighted) (P::broadcast(weight) * value).store(to_weighted + c);
      };
      for (Index c = 0; c < whole; c += w) put(c, P::load(from + c) - P::load(shift_ + c));
      if (rest != 0) put(whole, P::load_partial(from + whole, rest) - last_shift);
      Index c = columns;
      for (const ExtraColumn& e : in_.extra) {
        const double value = e.values == nullptr ? 1.0 : e.values[number * e.stride] - e.shift;
        to[c] = value;
        if constexpr (is_weighted) to_weighted[c] = weight * value;
        ++c;
      }
    }
  }

  void add_panel(Index first, Index rows) const {
    TileArguments t;
    t.depth = rows;
    t.a_stride = t.b_stride = stride_;
    t.start_stride = t.sums_stride = padded_;
    // The tiles of the first row fetch the next panel, each a run of it.
    // Addresses are all that is asked of them, in units of doubles.
    constexpr Index values = sizeof(double) / sizeof(T);
    const auto* next =
        in_.rows ? nullptr : reinterpret_cast<const double*>(in_.x.row(first + rows));
    for (Index a = 0; a < width_; a += tile_rows) {
      const int m = static_cast<int>(std::min<Index>(tile_rows, width_ - a));
      t.b = weighted_ + a;
      LaneCut left = cut_of<P>(width_ - a);
      for (Index b = a; b < width_;) {
        const LaneCut cut = take_tile(left, TileShape<P>::packs(m));
        t.a = panel_ + b;
        t.start = t.sums = sums_ + a * padded_ + b;
        t.last_valid = last_valid<P>(cut, lanes_of<P>(cut));
        t.fetch = a == 0 && next != nullptr ? next + b * rows / values : nullptr;
        t.fetch_step = lanes_of<P>(cut) / values;
        Table::of(cut, m)(t);
        b += lanes_of<P>(cut);
      }
    }
  }

  const GramInputOf<T>& in_;
  Index width_;
  Index padded_;
  Index stride_;
  Index rows_;
  Index panel_rows_;
  double* panel_ = nullptr;
  double* weighted_ = nullptr;
  double* shift_ = nullptr;
  double* sums_ = nullptr;
};

template <class P, class T = double>
void gram_add_with(const std::type_identity_t<GramInputOf<T>>& input, double* gram) {
  if (input.width() == 0) return;
  GramKernel<P, T>(input).add(gram);
}

}  // namespace superstep::math
