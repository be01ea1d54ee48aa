// SPDX-License-Identifier: BSD-3-Clause
// Products of one block. Every entry of a result is one chain of fused multiply-adds in a fixed
// order, so its bits depend on its own operands alone: not on the other models of the batch, the
// width of the vector unit, cache sizes or padding. Adding a zero (a masked row, a zero weight)
// leaves a chain as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <superstep/core/types.hpp>
#include <superstep/math/panel.hpp>

namespace superstep::math {

/// Z = X W, or Z = 1 start' + X W. X: rows x columns, W: columns x models, Z: rows x models, apart
/// from both. Entry (i, j): z = start[j] (0 if null), then z = fma(x[i][c], W[c][j], z) for c = 0,
/// 1, ... 2 rows columns models flops; at the speed of memory for one model, of the FMA units for
/// eight. With hundreds of models take a few hundred rows a call, so that Z stays in the cache.
void multiply(ConstPanel x, ConstPanel w, const double* start, Panel z);
inline void multiply(ConstPanel x, ConstPanel w, Panel z) { multiply(x, w, nullptr, z); }

/// G += X' R. X: rows x columns, R: rows x models, G: columns x models.
/// Entry (c, j): g = fma(x[i][c], R[i][j], g) for i = 0, 1, ...
void multiply_transposed_add(ConstPanel x, ConstPanel r, Panel g);

// In single precision, for features that are kept as floats: X and W (or R) are floats, and so is
// each step of a chain.

/// Z = X W. Entry (i, j): z = fma(x[i][c], W[c][j], z) for c = 0, 1, ..., from 0.
void multiply(FloatPanel x, FloatPanel w, WritableFloats z);
/// G += X' R, in chains of so many rows: each begins at zero, and is added to G, in double
/// precision, when it ends.
void multiply_transposed_add(FloatPanel x, FloatPanel r, Panel g);
constexpr Index float_chain = 256;

/// out = x - 1 shift', rounded once.
void subtract(FloatPanel x, const float* shift, WritableFloats out);
/// out = z + 1 start', in double precision.
void widen(FloatPanel z, const double* start, Panel out);
void narrow(ConstPanel z, WritableFloats out);

/// A column put to the right of a block's own: a target, or the constant 1 whose products are sums.
struct ExtraColumn {
  const double* values = nullptr;  ///< null: the constant 1 (then stride and shift do not matter)
  Index stride = 1;                ///< distance between the values of neighbouring rows
  double shift = 0;                ///< subtracted from every value
};

/// G += A' diag(weights) A with A = [x - shift | extra columns], the one-pass statistics of least
/// squares: Gram matrix, X'y, y'y, sums and the sum of weights from one visit.
template <class T>
struct GramInputOf {
  ConstPanelOf<T> x;
  const double* weights = nullptr;  ///< one a row; null: all 1
  const double* shift = nullptr;    ///< one a column of x; null: 0
  std::span<const ExtraColumn> extra{};
  /// Numbers of the rows to take, in this order: a fold's, for example. Not given: all.
  std::optional<std::span<const std::int32_t>> rows{};

  /// Columns of A, and the order of G.
  Index width() const { return x.columns + static_cast<Index>(extra.size()); }
};
using GramInput = GramInputOf<double>;
using FloatGramInput = GramInputOf<float>;

/// Adds to the upper triangle (a <= b) of `gram`, width x width with rows one behind the other;
/// what lies below the diagonal is neither read nor written. Entry (a, b): g = fma(w[i] * A[i][a],
/// A[i][b], g) over the rows in order; weights null is all of them 1. rows * width * (width + 1)
/// flops.
void gram_add(const GramInput& input, double* gram);
void gram_add(const FloatGramInput& input, double* gram);

}  // namespace superstep::math
