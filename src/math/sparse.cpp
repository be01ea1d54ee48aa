// SPDX-License-Identifier: BSD-3-Clause
// Bound by memory where W or G do not fit the caches: rows of them are asked for some values ahead.
#include <superstep/math/sparse.hpp>

#include <algorithm>
#include <cmath>

#include <superstep/math/simd.hpp>

namespace superstep::math {

namespace {

using P = simd::NativePack;

/// Packs of models whose running values stay in registers.
constexpr int most_packs = 4;
/// Values by which the rows of W and G are asked for ahead.
constexpr Index ahead = 16;

/// Of a panel with a row for each column: the row that comes next but so many.
template <class T>
SUPERSTEP_INLINE void fetch(SparsePanelOf<T> x, Index k, Index end, const double* rows,
                            Index stride) {
  if (k + ahead < end) __builtin_prefetch(rows + Index{x.columns[k + ahead]} * stride);
}

/// Calls f(tag, first, n): tag::value packs of columns from `first` on, n of them in the last pack.
template <class F>
void for_groups(Index columns, F f) {
  constexpr Index w = P::width;
  Index first = 0;
  for (; first + most_packs * w <= columns; first += most_packs * w) {
    f(std::integral_constant<int, most_packs>{}, first, static_cast<int>(w));
  }
  for (; first < columns; first += w) {
    f(std::integral_constant<int, 1>{}, first,
      static_cast<int>(std::min<Index>(w, columns - first)));
  }
}

template <int packs>
SUPERSTEP_INLINE void load(P (&to)[packs], const double* from, int last) {
  for (int p = 0; p + 1 < packs; ++p) to[p] = P::load(from + p * P::width);
  const double* tail = from + (packs - 1) * P::width;
  to[packs - 1] = last == P::width ? P::load(tail) : P::load_partial(tail, last);
}

template <int packs>
SUPERSTEP_INLINE void store(const P (&from)[packs], double* to, int last) {
  for (int p = 0; p + 1 < packs; ++p) from[p].store(to + p * P::width);
  double* tail = to + (packs - 1) * P::width;
  last == P::width ? from[packs - 1].store(tail) : from[packs - 1].store_partial(tail, last);
}

template <class T>
void multiply_with(SparsePanelOf<T> x, ConstPanel w, const double* start, Panel z) {
  if (z.columns == 1) {
    for (Index i = 0; i < x.rows; ++i) {
      double sum = start == nullptr ? 0.0 : start[0];
      const Index end = x.end[i];
      for (Index k = x.begin[i]; k < end; ++k) {
        fetch(x, k, end, w.data, w.stride);
        sum = std::fma(static_cast<double>(x.values[k]), w.row(x.columns[k])[0], sum);
      }
      z.row(i)[0] = sum;
    }
    return;
  }
  for (Index i = 0; i < x.rows; ++i) {
    const Index end = x.end[i];
    for_groups(z.columns, [&]<int packs>(std::integral_constant<int, packs>, Index first, int n) {
      P sum[packs];
      for (P& s : sum) s = P::broadcast(0);
      if (start != nullptr) load(sum, start + first, n);
      for (Index k = x.begin[i]; k < end; ++k) {
        fetch(x, k, end, w.data + first, w.stride);
        const P v = P::broadcast(static_cast<double>(x.values[k]));
        P row[packs];
        load(row, w.row(x.columns[k]) + first, n);
        for (int p = 0; p < packs; ++p) sum[p] = fma(v, row[p], sum[p]);
      }
      store(sum, z.row(i) + first, n);
    });
  }
}

template <class T>
void multiply_transposed_add_with(SparsePanelOf<T> x, ConstPanel r, Panel g) {
  if (g.columns == 1) {
    for (Index i = 0; i < x.rows; ++i) {
      const double residual = r.row(i)[0];
      if (residual == 0.0) continue;  // adds zeros
      const Index end = x.end[i];
      for (Index k = x.begin[i]; k < end; ++k) {
        fetch(x, k, end, g.data, g.stride);
        double& sum = g.row(x.columns[k])[0];
        sum = std::fma(static_cast<double>(x.values[k]), residual, sum);
      }
    }
    return;
  }
  for (Index i = 0; i < x.rows; ++i) {
    const Index end = x.end[i];
    for_groups(g.columns, [&]<int packs>(std::integral_constant<int, packs>, Index first, int n) {
      P residual[packs];
      load(residual, r.row(i) + first, n);
      for (Index k = x.begin[i]; k < end; ++k) {
        fetch(x, k, end, g.data + first, g.stride);
        const P v = P::broadcast(static_cast<double>(x.values[k]));
        double* to = g.row(x.columns[k]) + first;
        P sum[packs];
        load(sum, to, n);
        for (int p = 0; p < packs; ++p) sum[p] = fma(v, residual[p], sum[p]);
        store(sum, to, n);
      }
    });
  }
}

template <class T>
void gram_add_with(SparsePanelOf<T> x, Index columns, const double* weights, double* gram) {
  const Index n = columns + 1;
  for (Index i = 0; i < x.rows; ++i) {
    const double w = weights == nullptr ? 1.0 : weights[i];
    if (w == 0.0) continue;  // adds zeros
    const Index end = x.end[i];
    for (Index k = x.begin[i]; k < end; ++k) {
      const double weighted = w * static_cast<double>(x.values[k]);
      double* const row = gram + x.columns[k] * n;
      for (Index m = k; m < end; ++m) {
        double& sum = row[x.columns[m]];
        sum = std::fma(weighted, static_cast<double>(x.values[m]), sum);
      }
      row[columns] += weighted;
    }
    gram[n * n - 1] += w;
  }
}

template <class T>
void write_out_with(SparsePanelOf<T> x, Panel out) {
  for (Index i = 0; i < x.rows; ++i) {
    double* to = out.row(i);
    std::fill_n(to, out.columns, 0.0);
    for (Index k = x.begin[i]; k < x.end[i]; ++k) {
      to[x.columns[k]] = static_cast<double>(x.values[k]);
    }
  }
}

template <class T>
void class_sums_add_with(SparsePanelOf<T> x, const double* codes, const double* weights, Panel sums,
                         Panel squares) {
  for (Index i = 0; i < x.rows; ++i) {
    const double w = weights == nullptr ? 1.0 : weights[i];
    if (w == 0.0) continue;
    const Index k = codes == nullptr ? 0 : static_cast<Index>(codes[i]);
    for (Index at = x.begin[i]; at < x.end[i]; ++at) {
      const auto v = static_cast<double>(x.values[at]);
      const Index column = x.columns[at];
      double& sum = sums.row(column)[k];
      sum = std::fma(w, v, sum);
      if (squares.data == nullptr) continue;
      double& square = squares.row(column)[k];
      square = std::fma(w * v, v, square);
    }
  }
}

}  // namespace

void multiply(SparsePanel x, ConstPanel w, const double* start, Panel z) {
  multiply_with(x, w, start, z);
}
void multiply(SparseFloats x, ConstPanel w, const double* start, Panel z) {
  multiply_with(x, w, start, z);
}
void multiply_transposed_add(SparsePanel x, ConstPanel r, Panel g) {
  multiply_transposed_add_with(x, r, g);
}
void multiply_transposed_add(SparseFloats x, ConstPanel r, Panel g) {
  multiply_transposed_add_with(x, r, g);
}
void gram_add(SparsePanel x, Index columns, const double* weights, double* gram) {
  gram_add_with(x, columns, weights, gram);
}
void gram_add(SparseFloats x, Index columns, const double* weights, double* gram) {
  gram_add_with(x, columns, weights, gram);
}
void write_out(SparsePanel x, Panel out) { write_out_with(x, out); }
void write_out(SparseFloats x, Panel out) { write_out_with(x, out); }
void class_sums_add(SparsePanel x, const double* codes, const double* weights, Panel sums,
                    Panel squares) {
  class_sums_add_with(x, codes, weights, sums, squares);
}
void class_sums_add(SparseFloats x, const double* codes, const double* weights, Panel sums,
                    Panel squares) {
  class_sums_add_with(x, codes, weights, sums, squares);
}

}  // namespace superstep::math
