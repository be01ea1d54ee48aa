// SPDX-License-Identifier: BSD-3-Clause
// Bodies of the two products with X as templates on the pack: products.cpp takes the machine's own,
// the tests also the others. Operands are cut into strips of lanes and given to the micro-kernel.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

#include <math/aligned_buffer.hpp>
#include <math/outer_tile.hpp>
#include <superstep/math/products.hpp>

namespace superstep::math {

/// A run of columns of one operand that goes through the micro-kernel as lanes.
struct Strip {
  Index first = 0;  ///< its first column
  Index count = 0;  ///< columns; the rest of the lanes is padding
  LaneCut cut;
  Index lanes = 0;
};

template <class P>
std::vector<Strip> strips_of(Index columns, int most_packs) {
  std::vector<Strip> strips;
  LaneCut left = cut_of<P>(columns);
  for (Index first = 0; first < columns;) {
    const LaneCut cut = take_tile(left, most_packs);
    const Index lanes = lanes_of<P>(cut);
    strips.push_back({first, std::min(lanes, columns - first), cut, lanes});
    first += lanes;
  }
  return strips;
}

/// Columns first .. first + count of x, padded with zeros to `lanes` a row.
template <class P>
void pack_columns(PanelOf<typename P::Value> x, Index first, Index count, Index lanes,
                  typename P::Value* out) {
  constexpr Index w = P::width;
  const Index whole = std::min(count, lanes) / w * w;
  for (Index i = 0; i < x.rows; ++i, out += lanes) {
    const typename P::Value* from = x.row(i) + first;
    Index c = 0;
    for (; c < whole; c += w) P::load(from + c).store(out + c);
    for (; c < lanes; c += w) {
      const int valid = static_cast<int>(std::clamp<Index>(count - c, 0, w));
      P::load_partial(from + c, valid)
          .store_partial(out + c, static_cast<int>(std::min(w, lanes - c)));
    }
  }
}

/// X W with the models as lanes and the values of X broadcast from where they lie.
template <class P>
class Product {
  using Value = typename P::Value;

 public:
  Product(ConstPanelOf<Value> x, ConstPanelOf<Value> w, const Value* start,
          WritablePanelOf<Value> z)
      : x_(x),
        w_(w),
        z_(z),
        strips_(strips_of<P>(w.columns, Shape::packs(Shape::broadcasts))),
        // Whole tiles, 32 KiB or more.
        fetch_distance_(Shape::broadcasts * x.stride *
                        ceil_div(4096, std::max<Index>(1, Shape::broadcasts * x.stride))) {
    for (const Strip& s : strips_) padded_ += s.lanes;
    thread_local AlignedBuffer start_buffer;
    start_ = start_buffer.reserve_of<Value>(padded_);
    std::fill_n(start_, padded_, Value{0});
    if (start != nullptr) std::copy_n(start, w.columns, start_);
  }

  void run() const {
    // A strip of W stays in the nearest cache, a group of rows in the next.
    const Index panels = std::max<Index>(1, ceil_div(x_.columns, 128));
    const Index panel_columns = ceil_div(x_.columns, panels);
    thread_local AlignedBuffer buffer;
    Value* packed = buffer.reserve_of<Value>(panel_columns * padded_);
    for (Index panel = 0; panel < panels; ++panel) {
      const Index first = panel * panel_columns;
      const Index columns = std::min(panel_columns, x_.columns - first);
      for (const Strip& s : strips_) {
        pack_columns<P>(w_.middle_rows(first, columns), s.first, s.count, s.lanes,
                        packed + s.first * columns);
      }
      for (Index row = 0; row < x_.rows; row += group_rows) {
        const Index rows = std::min(group_rows, x_.rows - row);
        for (const Strip& s : strips_)
          add_strip(row, rows, first, columns, s, packed + s.first * columns);
      }
    }
  }

 private:
  using Shape = TileShape<P>;
  using Table = TileTable<P, OuterTile<P, Side::rows>>;
  static constexpr Index group_rows = 32;

  void add_strip(Index first_row, Index rows, Index first_column, Index columns, const Strip& s,
                 const Value* packed) const {
    TileArgumentsOf<Value> t;
    t.depth = columns;
    t.a = packed;
    t.a_stride = s.lanes;
    t.b_stride = x_.stride;
    t.sums_stride = z_.stride;
    t.last_valid = last_valid<P>(s.cut, s.count);
    for (Index row = first_row; row < first_row + rows; row += Shape::broadcasts) {
      const int m = static_cast<int>(std::min<Index>(Shape::broadcasts, first_row + rows - row));
      t.b = x_.row(row) + first_column;
      if (s.first == 0) {  // the first strip fetches rows some tiles ahead; the others find them
        t.fetch = t.b + fetch_distance_;
        t.fetch_step = 1;
      }
      t.sums = z_.row(row) + s.first;
      t.start = first_column == 0 ? start_ + s.first : t.sums;
      t.start_stride = first_column == 0 ? 0 : t.sums_stride;
      Table::of(s.cut, m)(t);
    }
  }

  ConstPanelOf<Value> x_, w_;
  WritablePanelOf<Value> z_;
  std::vector<Strip> strips_;
  Index fetch_distance_;
  Index padded_ = 0;
  Value* start_ = nullptr;
};

template <class P>
void multiply_with(ConstPanel x, ConstPanel w, const double* start, Panel z) {
  if (w.columns == 1) {
    Product<simd::PortablePack<1>>(x, w, start, z).run();
  } else {
    Product<P>(x, w, start, z).run();
  }
}

/// X' R with the columns of X as lanes and the values of R broadcast, both from where they lie.
/// Chains of floats begin with zero, and what they end with is added to G.
template <class P>
class TransposedProduct {
  using Value = typename P::Value;

 public:
  TransposedProduct(ConstPanelOf<Value> x, ConstPanelOf<Value> r, Panel g)
      : x_(x),
        r_(r),
        g_(g),
        model_strips_(ceil_div(r.columns, Shape::broadcasts)),
        strips_(strips_of<P>(x.columns, Shape::packs(models_of(0)))) {
    for (const Strip& s : strips_) padded_ += s.lanes;
    // Rows of X and R that stay in the second cache while all tiles go over them.
    panel_rows_ = std::clamp<Index>(16384 / (padded_ + r.columns), 32, 256);
  }

  void run() const {
    thread_local AlignedBuffer sum_buffer, row_buffer;
    Value* sums =
        sum_buffer.reserve_of<Value>(r_.columns * padded_);  // of each strip: [model][lane]
    begin(sums);
    // The lanes that pad a row read into the rows behind it. The last few have none, so they are
    // copied.
    const Index values = (x_.rows - 1) * x_.stride + x_.columns;
    const Index in_place = values < padded_ ? 0 : (values - padded_) / x_.stride + 1;
    for (Index row = 0; row < in_place; row += panel_rows_) {
      add_panel(x_.middle_rows(row, std::min(panel_rows_, in_place - row)), r_.row(row), sums);
    }
    const Index rest = x_.rows - in_place;
    Value* copy = row_buffer.reserve_of<Value>(rest * padded_);
    pack_columns<P>(x_.middle_rows(in_place, rest), 0, x_.columns, padded_, copy);
    add_panel({copy, rest, padded_}, r_.row(in_place), sums);
    end(sums);
  }

 private:
  using Shape = TileShape<P>;
  using Table = TileTable<P, OuterTile<P, Side::packed>>;

  /// Models of strip i: all strips about equal, the longer ones first.
  int models_of(Index i) const {
    const Index more = r_.columns % model_strips_;
    return static_cast<int>(r_.columns / model_strips_ + (i < more ? 1 : 0));
  }

  void add_panel(ConstPanelOf<Value> panel, const Value* r, Value* sums) const {
    TileArgumentsOf<Value> t;
    t.depth = panel.rows;
    t.a_stride = panel.stride;
    t.b = r;
    t.b_stride = r_.stride;
    for (Index i = 0; i < model_strips_; ++i) {
      const int models = models_of(i);
      for (const Strip& s : strips_) {
        t.a = panel.data + s.first;
        // The strips of the first round together fetch the next panel, each a run of it: memory is
        // read in order.
        t.fetch = i == 0 ? panel.data + panel_rows_ * panel.stride + s.first * panel.rows : nullptr;
        t.fetch_step = s.lanes;
        t.start = t.sums = sums + s.first * r_.columns + (t.b - r) * s.lanes;
        t.sums_stride = t.start_stride = s.lanes;
        t.last_valid = last_valid<P>(s.cut, s.lanes);
        Table::of(s.cut, models)(t);
      }
      t.b += models;
    }
  }

  void begin(Value* sums) const {
    std::fill_n(sums, r_.columns * padded_, Value{0});
    if constexpr (std::is_same_v<Value, float>) return;
    for (const Strip& s : strips_) {
      Value* to = sums + s.first * r_.columns;
      for (Index c = 0; c < s.count; ++c) {
        for (Index j = 0; j < r_.columns; ++j)
          to[j * s.lanes + c] = static_cast<Value>(g_.row(s.first + c)[j]);
      }
    }
  }
  void end(const Value* sums) const {
    for (const Strip& s : strips_) {
      const Value* from = sums + s.first * r_.columns;
      for (Index c = 0; c < s.count; ++c) {
        double* to = g_.row(s.first + c);
        for (Index j = 0; j < r_.columns; ++j) {
          const double before = std::is_same_v<Value, float> ? to[j] : 0.0;
          to[j] = before + static_cast<double>(from[j * s.lanes + c]);
        }
      }
    }
  }

  ConstPanelOf<Value> x_, r_;
  Panel g_;
  Index model_strips_;
  std::vector<Strip> strips_;
  Index padded_ = 0;
  Index panel_rows_ = 0;
};

template <class P>
void multiply_transposed_add_with(ConstPanel x, ConstPanel r, Panel g) {
  if (r.columns == 0 || x.columns == 0 || x.rows == 0) return;
  TransposedProduct<P>(x, r, g).run();
}

}  // namespace superstep::math
