// SPDX-License-Identifier: BSD-3-Clause
// Where the columns of a table are cut into bins for trees: between neighbouring values where a
// column has few different ones, else at evenly spaced quantiles, as in scikit-learn. The rows that
// decide, all of them or some 200,000, are chosen by their places, so every rank finds the same.
#pragma once

#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep::trees {

/// A value lies in the bin whose number is that of the edges below it. What is missing has a bin of
/// its own, behind the others.
struct BinEdges {
  std::vector<std::vector<double>> of_column;  ///< ascending

  Index columns() const { return std::ssize(of_column); }
  const std::vector<double>& edges(Index column) const {
    return of_column[static_cast<std::size_t>(column)];
  }
  Index bins(Index column) const { return std::ssize(edges(column)) + 1; }  ///< without missing
};

inline constexpr Index most_bins = 255;

/// Of all rows with a weight. One pass. **Collective.**
BinEdges find_bin_edges(Engine& engine, const Table& table, Index max_bins);

/// Doubles that a rank holds for that.
Index doubles_for_bin_edges(Index columns);

}  // namespace superstep::trees
