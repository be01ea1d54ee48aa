// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/walker.hpp"

#include <algorithm>

namespace superstep::trees {

Walker::Walker(const Forest& f) : values_(f.value) {
  for (std::size_t i = 0; i < f.left.size(); ++i) {
    const bool is_leaf = f.left[i] == 0;
    const Index column = is_leaf ? 0 : f.feature[i];
    steps_.push_back({f.threshold[i], static_cast<std::int32_t>(2 * column + f.missing_left[i]),
                      static_cast<std::int32_t>(f.left[i])});
  }
  for (Index t = 0; t < f.trees(); ++t) {
    const Index begin = f.begin[static_cast<std::size_t>(t)];
    const Index end = f.begin[static_cast<std::size_t>(t) + 1];
    // Children lie behind their parents.
    std::vector<Index> depth(static_cast<std::size_t>(end - begin), 0);
    for (Index i = 0; i < end - begin; ++i) {
      const auto left = static_cast<std::size_t>(f.left[static_cast<std::size_t>(begin + i)]);
      if (left == 0) continue;
      depth[left] = depth[left + 1] = depth[static_cast<std::size_t>(i)] + 1;
    }
    trees_.push_back({begin, *std::ranges::max_element(depth)});
  }
}

void Walker::walk(const Tree& tree, const double* const* rows, std::int32_t* at) const {
  const Step* const steps = steps_.data() + tree.begin;
  std::fill_n(at, lanes, 0);
  for (Index d = 0; d < tree.depth; ++d) {
    for (Index l = 0; l < lanes; ++l) {
      const Step& s = steps[at[l]];
      const double v = rows[l][s.column_and_side >> 1];
      const bool is_missing = v != v;
      const bool goes_left = (v <= s.threshold) | (is_missing & ((s.column_and_side & 1) != 0));
      at[l] = s.left == 0 ? at[l] : s.left + (goes_left ? 0 : 1);
    }
  }
}

void Walker::add_values(Index outputs, math::ConstPanel x, math::Panel out) const {
  for (std::size_t t = 0; t < trees_.size(); ++t) {
    const double* const values = values_.data() + trees_[t].begin;
    const Index k = static_cast<Index>(t) % outputs;
    for (Index first = 0; first < x.rows; first += lanes) {
      const Index n = std::min(lanes, x.rows - first);
      const double* rows[lanes];
      std::int32_t at[lanes];
      for (Index l = 0; l < lanes; ++l) rows[l] = x.row(first + std::min(l, n - 1));
      walk(trees_[t], rows, at);
      for (Index l = 0; l < n; ++l) out.row(first + l)[k] += values[at[l]];
    }
  }
}

}  // namespace superstep::trees
