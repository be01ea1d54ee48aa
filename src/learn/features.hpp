// SPDX-License-Identifier: BSD-3-Clause
// The features of a block as the kernels take them: in the form in which they are kept.
#pragma once

#include <superstep/data/block.hpp>
#include <superstep/math/panel.hpp>
#include <superstep/math/sparse.hpp>

namespace superstep {

/// f(panel), the panel being one of floats where the features are kept as such, else of doubles.
template <class F>
decltype(auto) with_features(const Block& block, F&& f) {
  if (const float* x = block.x.floats()) return f(math::FloatPanel(x, block.rows, block.columns));
  return f(math::ConstPanel(block.x.doubles(), block.rows, block.columns));
}

/// Some of the rows, by their numbers. `begin` and `end`: where they are told, one for each.
inline SparseRows chosen_rows(const SparseRows& all, std::span<const std::int32_t> rows,
                              Index* begin, Index* end) {
  SparseRows some = all;
  some.begin = begin;
  some.end = end;
  for (const std::int32_t row : rows) {
    *begin++ = all.begin[row];
    *end++ = all.end[row];
  }
  return some;
}

/// f(panel), the panel being one of sparse rows of floats or doubles.
template <class F>
decltype(auto) with_sparse(const SparseRows& x, Index rows, F&& f) {
  if (x.floats != nullptr) {
    return f(math::SparseFloats{x.begin, x.end, x.columns, x.floats, rows});
  }
  return f(math::SparsePanel{x.begin, x.end, x.columns, x.doubles, rows});
}

}  // namespace superstep
