// SPDX-License-Identifier: BSD-3-Clause
// Bodies of the products in single precision as templates on the pack of floats (and on that of
// doubles, where values change from one to the other).
#pragma once

#include <algorithm>

#include <math/float_pack.hpp>
#include <math/products_kernels.hpp>

namespace superstep::math {

/// X w for one model: a pack of rows is turned, so that its rows are the lanes of one chain.
template <class F>
void multiply_one(FloatPanel x, FloatPanel w, WritableFloats z) {
  constexpr int width = F::width;
  constexpr Index ahead = 8192, line = 16;  // floats
  thread_local AlignedBuffer buffer;
  float* factors = buffer.reserve_of<float>(x.columns);
  for (Index c = 0; c < x.columns; ++c) factors[c] = *w.row(c);
  for (Index row = 0; row < x.rows; row += width) {
    const int rows = static_cast<int>(std::min<Index>(width, x.rows - row));
    const float* from[width];
    for (int i = 0; i < width; ++i) from[i] = x.row(row + std::min(i, rows - 1));
    for (Index at = 0; at < width * x.stride; at += line) {
      __builtin_prefetch(from[0] + ahead + at, 0, 2);
    }
    F sum = F::broadcast(0.0F);
    F tile[width];
    Index c = 0;
    for (; c + width <= x.columns; c += width) {
#pragma GCC unroll 16
      for (int i = 0; i < width; ++i) tile[i] = F::load(from[i] + c);
      F::transpose(tile);
#pragma GCC unroll 16
      for (int i = 0; i < width; ++i) sum = fma(tile[i], F::broadcast(factors[c + i]), sum);
    }
    if (const int rest = static_cast<int>(x.columns - c); rest > 0) {
      for (int i = 0; i < width; ++i) tile[i] = F::load_partial(from[i] + c, rest);
      F::transpose(tile);
      for (int i = 0; i < rest; ++i) sum = fma(tile[i], F::broadcast(factors[c + i]), sum);
    }
    float lanes[width];
    sum.store(lanes);
    for (int i = 0; i < rows; ++i) *z.row(row + i) = lanes[i];
  }
}

template <class F>
void multiply_floats_with(FloatPanel x, FloatPanel w, WritableFloats z) {
  if (w.columns == 1) return multiply_one<F>(x, w, z);
  Product<F>(x, w, nullptr, z).run();
}

template <class F>
void multiply_transposed_floats_with(FloatPanel x, FloatPanel r, Panel g) {
  if (r.columns == 0 || x.columns == 0) return;
  for (Index row = 0; row < x.rows; row += float_chain) {
    const Index rows = std::min(float_chain, x.rows - row);
    TransposedProduct<F>(x.middle_rows(row, rows), r.middle_rows(row, rows), g).run();
  }
}

template <class F>
void subtract_with(FloatPanel x, const float* shift, WritableFloats out) {
  for (Index i = 0; i < x.rows; ++i) {
    Index c = 0;
    for (; c + F::width <= x.columns; c += F::width) {
      (F::load(x.row(i) + c) - F::load(shift + c)).store(out.row(i) + c);
    }
    for (; c < x.columns; ++c) out.row(i)[c] = x.row(i)[c] - shift[c];
  }
}

/// start(i, n): what is added to the n values from the i-th on.
template <class P, class Start>
void widen_run(const float* from, Index count, double* to, Start start) {
  Index i = 0;
  for (; i + P::width <= count; i += P::width) {
    (P::load(from + i) + start(i, P::width)).store(to + i);
  }
  if (const int rest = static_cast<int>(count - i); rest > 0) {
    (P::load_partial(from + i, rest) + start(i, rest)).store_partial(to + i, rest);
  }
}

template <class P>
void widen_with(FloatPanel z, const double* start, Panel out) {
  if (z.columns == 1 && z.stride == 1 && out.stride == 1) {
    const P same = P::broadcast(start[0]);
    return widen_run<P>(z.data, z.rows, out.data, [&](Index, int) { return same; });
  }
  const auto own = [&](Index i, int valid) { return P::load_partial(start + i, valid); };
  for (Index i = 0; i < z.rows; ++i) widen_run<P>(z.row(i), z.columns, out.row(i), own);
}

template <class P>
void narrow_with(ConstPanel z, WritableFloats out) {
  for (Index row = 0; row < z.rows; ++row) {
    const bool is_run = z.stride == z.columns && out.stride == out.columns;
    const Index count = is_run ? z.rows * z.columns : z.columns;
    Index i = 0;
    for (; i + P::width <= count; i += P::width) P::load(z.row(row) + i).store(out.row(row) + i);
    for (; i < count; ++i) out.row(row)[i] = static_cast<float>(z.row(row)[i]);
    if (is_run) return;
  }
}

}  // namespace superstep::math
