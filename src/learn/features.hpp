// SPDX-License-Identifier: BSD-3-Clause
// The features of a block as the kernels take them: in the form in which they are kept.
#pragma once

#include <superstep/data/block.hpp>
#include <superstep/math/panel.hpp>

namespace superstep {

/// f(panel), the panel being one of floats where the features are kept as such, else of doubles.
template <class F>
decltype(auto) with_features(const Block& block, F&& f) {
  if (const float* x = block.x.floats()) return f(math::FloatPanel(x, block.rows, block.columns));
  return f(math::ConstPanel(block.x.doubles(), block.rows, block.columns));
}

}  // namespace superstep
