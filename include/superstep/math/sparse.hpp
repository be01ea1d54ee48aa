// SPDX-License-Identifier: BSD-3-Clause
// Products and sums of rows that hold few values other than zero. Entries of results are the chains
// of the dense kernels (products.hpp, column_stats.hpp) without their zeros, which change nothing:
// the bits are those of the same rows written out, but for the sign of a zero.
#pragma once

#include <cstdint>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// Row i holds values[k] in columns[k], k from begin[i] to end[i], columns ascending.
template <class T>
struct SparsePanelOf {
  const Index* begin = nullptr;
  const Index* end = nullptr;
  const std::int32_t* columns = nullptr;
  const T* values = nullptr;
  Index rows = 0;

  /// `count` rows from `first` on.
  SparsePanelOf middle_rows(Index first, Index count) const {
    return {begin + first, end + first, columns, values, count};
  }
};
using SparsePanel = SparsePanelOf<double>;
using SparseFloats = SparsePanelOf<float>;

/// Z = 1 start' + X W (start null: X W). W: columns x models.
void multiply(SparsePanel x, ConstPanel w, const double* start, Panel z);
void multiply(SparseFloats x, ConstPanel w, const double* start, Panel z);

/// G += X' R. G: columns x models.
void multiply_transposed_add(SparsePanel x, ConstPanel r, Panel g);
void multiply_transposed_add(SparseFloats x, ConstPanel r, Panel g);

/// Adds the upper triangle of A' diag(weights) A for A = [x | 1], (columns + 1)^2 row-major, as the
/// dense gram_add() does of the rows written out. weights null: all 1.
void gram_add(SparsePanel x, Index columns, const double* weights, double* gram);
void gram_add(SparseFloats x, Index columns, const double* weights, double* gram);

/// Whether that is quicker than the dense kernel, which multiplies zeros, but many at once.
template <class T>
bool has_few_products(SparsePanelOf<T> x, Index columns) {
  constexpr Index at_once = 16;
  Index products = 0;
  for (Index i = 0; i < x.rows; ++i) {
    const Index stored = x.end[i] - x.begin[i];
    products += stored * stored;
  }
  return at_once * products < x.rows * columns * columns;
}

/// The rows written out. out: rows x columns.
void write_out(SparsePanel x, Panel out);
void write_out(SparseFloats x, Panel out);

/// Sums by class, columns x classes: sums[c][k] = fma(w x, x^p, sums[c][k]) with k = codes[i]
/// (null: 0), w = weights[i] (null: 1); `squares`, p = 1, may have no data.
void class_sums_add(SparsePanel x, const double* codes, const double* weights, Panel sums,
                    Panel squares);
void class_sums_add(SparseFloats x, const double* codes, const double* weights, Panel sums,
                    Panel squares);

}  // namespace superstep::math
