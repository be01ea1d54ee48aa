// SPDX-License-Identifier: BSD-3-Clause
// The micro-kernel under all products: a tile of accumulators stays in registers and takes one
// outer product for each step of the depth. Each accumulator is one chain of fused multiply-adds
// over the depth, so the shape of the tile cannot be seen in the result.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include <math/float_pack.hpp>
#include <superstep/core/types.hpp>
#include <superstep/math/simd.hpp>

namespace superstep::math {

constexpr Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

/// How tiles are cut: M values that are broadcast, times R packs of lanes, as many as the registers
/// hold. Few broadcasts get more packs, so that enough independent chains hide the latency. `Half`
/// is the pack for a last strip of lanes that a whole pack would waste.
template <class P>
struct TileShape {
  using Half = P;
  static constexpr int broadcasts = 4;
  static constexpr int packs(int m) {
    constexpr int most[] = {8, 6, 4, 3};
    return most[m - 1];
  }
};

#if defined(__AVX512F__) && defined(__AVX512DQ__)
template <>
struct TileShape<simd::Avx512Pack> {  // 32 registers
  using Half = simd::Avx2Pack;
  static constexpr int broadcasts = 8;
  static constexpr int packs(int m) {
    constexpr int most[] = {16, 10, 8, 6, 5, 4, 3, 3};
    return most[m - 1];
  }
};
template <>
struct TileShape<simd::Avx512Floats> : TileShape<simd::Avx512Pack> {
  using Half = simd::Avx2Floats;
};
#endif

template <>
struct TileShape<simd::PortablePack<1>> {  // single models
  using Half = simd::PortablePack<1>;
  static constexpr int broadcasts = 8;
  static constexpr int packs(int) { return 1; }
};

/// Lanes of a tile: whole packs, then perhaps one half pack.
struct LaneCut {
  int packs = 0;
  bool half = false;
};

/// The fewest lanes that hold `count`, in units of half packs.
template <class P>
LaneCut cut_of(Index count) {
  constexpr Index half = TileShape<P>::Half::width;
  const Index halves = ceil_div(count, half);
  if constexpr (half == P::width) return {static_cast<int>(halves), false};
  return {static_cast<int>(halves / 2), halves % 2 != 0};
}
template <class P>
Index lanes_of(LaneCut cut) {
  return cut.packs * P::width + (cut.half ? TileShape<P>::Half::width : 0);
}
/// Lanes of the last pack when `count` of the lanes are used.
template <class P>
int last_valid(LaneCut cut, Index count) {
  const Index last = cut.half ? TileShape<P>::Half::width : P::width;
  return static_cast<int>(count - (lanes_of<P>(cut) - last));
}
/// Takes the next tile off the lanes that are left: all tiles of at most `most` packs, and about
/// equal, since a tile of a single pack starves for operands.
inline LaneCut take_tile(LaneCut& left, int most) {
  const int packs = left.packs + left.half;
  const int tiles = static_cast<int>(ceil_div(packs, most));
  const int taken = static_cast<int>(ceil_div(packs, tiles));
  const LaneCut tile{std::min(taken, left.packs), taken > left.packs};
  left = {left.packs - tile.packs, left.half && !tile.half};
  return tile;
}

/// Where step k of the depth finds the value m that is broadcast.
enum class Side {
  packed,  ///< b[k * b_stride + m]
  rows,    ///< b[m * b_stride + k]: the rows of a row-major matrix as they lie
};

/// What one call of the micro-kernel works on. Strides are in values.
template <class T>
struct TileArgumentsOf {
  Index depth = 0;
  const T* a = nullptr;  ///< lanes
  Index a_stride = 0;
  const T* b = nullptr;  ///< values to broadcast
  Index b_stride = 0;
  const T* start = nullptr;  ///< where the chains begin: [m][lane]; stride 0 is the same for all m
  Index start_stride = 0;
  T* sums = nullptr;  ///< where they end: [m][lane]; may be start
  Index sums_stride = 0;
  /// Lanes of the last pack of start and sums that exist; the others are neither read nor written.
  int last_valid = 0;
  /// What will be read a while later and is fetched from memory meanwhile, `fetch_step` values for
  /// a step of the depth (side packed: R packs; side rows: a line of each of M rows when a line is
  /// over); null: nothing.
  const T* fetch = nullptr;
  Index fetch_step = 0;
};
using TileArguments = TileArgumentsOf<double>;

/// Accumulators of M broadcasts times R packs and perhaps a half one.
template <class P, int R, bool half, int M>
struct TileSums {
  using Half = typename TileShape<P>::Half;
  using Value = typename P::Value;
  P whole[M][R == 0 ? 1 : R];
  Half rest[half ? M : 1];

  /// sum[m][lane] = fma(a[k][lane], b[k][m], sum[m][lane]) for k = 0 .. depth-1.
  template <Side side>
  SUPERSTEP_INLINE void accumulate(const TileArgumentsOf<Value>& t) {
    const Value* a = t.a;
    const Value* b = t.b;
    const Value* fetch = t.fetch;
    for (Index k = 0; k < t.depth; ++k) {
      if (fetch != nullptr) {
        prefetch<side>(fetch, k, t.b_stride);
        fetch += t.fetch_step;
      }
      step<side>(a, b, t.b_stride);
      a += t.a_stride;
      b += side == Side::rows ? 1 : t.b_stride;
    }
  }

  /// The last pack has `valid` lanes.
  SUPERSTEP_INLINE void load(const Value* from, Index stride, int valid) {
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m, from += stride) {
#pragma GCC unroll 16
      for (int r = 0; r + !half < R; ++r) whole[m][r] = P::load(from + r * P::width);
      if constexpr (half) {
        rest[m] = Half::load_partial(from + R * P::width, valid);
      } else {
        whole[m][R - 1] = P::load_partial(from + (R - 1) * P::width, valid);
      }
    }
  }
  SUPERSTEP_INLINE void store(Value* to, Index stride, int valid) const {
#pragma GCC unroll 16
    for (int m = 0; m < M; ++m, to += stride) {
#pragma GCC unroll 16
      for (int r = 0; r + !half < R; ++r) whole[m][r].store(to + r * P::width);
      if constexpr (half) {
        rest[m].store_partial(to + R * P::width, valid);
      } else {
        whole[m][R - 1].store_partial(to + (R - 1) * P::width, valid);
      }
    }
  }

 private:
  template <Side side>
  SUPERSTEP_INLINE static Value value(const Value* b, Index b_stride, int m) {
    return side == Side::rows ? b[m * b_stride] : b[m];
  }

  template <Side side>
  SUPERSTEP_INLINE static void prefetch(const Value* p, Index k, Index b_stride) {
    if constexpr (side == Side::rows) {
      if (k % (64 / sizeof(Value)) != 0) return;
#pragma GCC unroll 16
      for (int m = 0; m < M; ++m) __builtin_prefetch(p + m * b_stride, 0, 2);
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < R + half; ++r) __builtin_prefetch(p + r * P::width, 0, 2);
    }
  }

  template <Side side>
  SUPERSTEP_INLINE void step(const Value* a, const Value* b, Index b_stride) {
    if constexpr (R + half <= M) {
      P lanes[R == 0 ? 1 : R];
      Half last;
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) lanes[r] = P::load(a + r * P::width);
      if constexpr (half) last = Half::load(a + R * P::width);
#pragma GCC unroll 16
      for (int m = 0; m < M; ++m) {
        const Value v = value<side>(b, b_stride, m);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) whole[m][r] = fma(lanes[r], P::broadcast(v), whole[m][r]);
        if constexpr (half) rest[m] = fma(last, Half::broadcast(v), rest[m]);
      }
    } else {
      P values[M];
#pragma GCC unroll 16
      for (int m = 0; m < M; ++m) values[m] = P::broadcast(value<side>(b, b_stride, m));
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const P lanes = P::load(a + r * P::width);
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) whole[m][r] = fma(lanes, values[m], whole[m][r]);
      }
      if constexpr (half) {
        const Half last = Half::load(a + R * P::width);
#pragma GCC unroll 16
        for (int m = 0; m < M; ++m) {
          rest[m] = fma(last, Half::broadcast(value<side>(b, b_stride, m)), rest[m]);
        }
      }
    }
  }
};

/// sums[m][lane] = fma(a[k][lane], b[k][m], ...) for k = 0 .. depth-1, from start[m][lane].
template <class P, Side side>
struct OuterTile {
  static constexpr bool has_halves = true;
  template <int R, bool half, int M>
  static void run(const TileArgumentsOf<typename P::Value>& t) {
    TileSums<P, R, half, M> sums;
    constexpr int width = half ? TileShape<P>::Half::width : P::width;
    const bool all = t.last_valid == width;
    // The constants let the compiler drop the masks from the usual case.
    all ? sums.load(t.start, t.start_stride, width)
        : sums.load(t.start, t.start_stride, t.last_valid);
    sums.template accumulate<side>(t);
    all ? sums.store(t.sums, t.sums_stride, width)
        : sums.store(t.sums, t.sums_stride, t.last_valid);
  }
};

/// Kernel::run<R, half, M> for a shape known at run time.
template <class P, class Kernel>
class TileTable {
 public:
  using Function = decltype(&Kernel::template run<1, false, 1>);
  /// cut: not empty, at most TileShape<P>::packs(broadcasts) packs in all.
  static Function of(LaneCut cut, int broadcasts) {
    return table[static_cast<std::size_t>(((broadcasts - 1) * max_packs + cut.packs) * 2 +
                                          cut.half)];
  }

 private:
  using Shape = TileShape<P>;
  static constexpr int max_packs = Shape::packs(1) + 1;
  template <std::size_t i>
  static constexpr Function entry() {
    constexpr bool half = i % 2 != 0;
    constexpr int r = static_cast<int>(i / 2) % max_packs;
    constexpr int m = static_cast<int>(i / 2) / max_packs + 1;
    constexpr bool fits = r + half >= 1 && r + half <= Shape::packs(m);
    constexpr bool has_half = Kernel::has_halves && !std::is_same_v<typename Shape::Half, P>;
    if constexpr (fits && (has_half || !half)) {
      return &Kernel::template run<r, half, m>;
    } else {
      return nullptr;
    }
  }
  template <std::size_t... i>
  static constexpr std::array<Function, sizeof...(i)> make(std::index_sequence<i...>) {
    return {entry<i>()...};
  }
  static constexpr auto table =
      make(std::make_index_sequence<std::size_t{Shape::broadcasts * max_packs * 2}>());
};

/// Transposes `rows` x `columns` of x into out[column][lane], `lanes` (a multiple of the width)
/// doubles a column; lanes beyond the last row are zero.
template <class P>
void pack_rows_as_lanes(const double* x, Index stride, Index rows, Index columns, Index lanes,
                        double* out) {
  constexpr int w = P::width;
  for (Index lane = 0; lane < lanes; lane += w) {
    const double* from = x + lane * stride;
    const int valid_rows = static_cast<int>(std::clamp<Index>(rows - lane, 0, w));
    for (Index c = 0; c < columns; c += w) {
      const int valid = static_cast<int>(std::min<Index>(w, columns - c));
      P tile[w];
      if (valid == w && valid_rows == w) {
#pragma GCC unroll 16
        for (int i = 0; i < w; ++i) tile[i] = P::load(from + i * stride + c);
      } else {
        for (int i = 0; i < w; ++i) {
          tile[i] = P::load_partial(from + i * stride + c, i < valid_rows ? valid : 0);
        }
      }
      P::transpose(tile);
      double* to = out + c * lanes + lane;
      if (valid == w) {
#pragma GCC unroll 16
        for (int i = 0; i < w; ++i) tile[i].store(to + i * lanes);
      } else {
        for (int i = 0; i < valid; ++i) tile[i].store(to + i * lanes);
      }
    }
  }
}

/// The way back: accumulators [m][lane] to rows of z, z[lane][m] for the first `rows` lanes.
template <class P>
void store_lanes_as_rows(const double* acc, Index lanes, int m_count, Index rows, double* z,
                         Index stride) {
  constexpr int w = P::width;
  if (m_count < w / 2) {
    for (Index i = 0; i < rows; ++i) {
      for (int m = 0; m < m_count; ++m) z[i * stride + m] = acc[m * lanes + i];
    }
    return;
  }
  for (Index lane = 0; lane < rows; lane += w) {
    P tile[w];
    for (int m = 0; m < m_count; ++m) tile[m] = P::load(acc + m * lanes + lane);
    for (int m = m_count; m < w; ++m) tile[m] = P::broadcast(0.0);
    P::transpose(tile);
    const int valid_rows = static_cast<int>(std::min<Index>(w, rows - lane));
    double* to = z + lane * stride;
    if (valid_rows == w && m_count == w) {
#pragma GCC unroll 16
      for (int i = 0; i < w; ++i) tile[i].store(to + i * stride);
    } else {
      for (int i = 0; i < valid_rows; ++i) tile[i].store_partial(to + i * stride, m_count);
    }
  }
}

}  // namespace superstep::math
