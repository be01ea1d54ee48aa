// SPDX-License-Identifier: BSD-3-Clause
// Means and variances of each class, for the folds of a batch: one superstep of sums by cell and
// class around a common centre, and a second one around the means of the classes where those lie
// far apart.
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/affine_map.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// Weight, means and variances of the rows of each class; zeros for a class without weight.
struct ClassStatistics {
  Vector weight;
  Matrix mean;      ///< classes x columns
  Matrix variance;  ///< likewise
  /// Of each column over all rows, each counted once whatever its weight.
  Vector variance_of_all;
};

/// Of the rows each split trains on (null: all rows); a split's are the same bits whatever the
/// others are. AgreedError for one without a weight above zero. **Collective**, one superstep as a
/// rule.
std::vector<ClassStatistics> class_statistics(Engine& engine, const Table& table, Index classes,
                                              std::span<const SplitPtr> splits);

/// The statistics of the rows seen through a diagonal map.
ClassStatistics class_statistics_behind(const AffineMap& map, ClassStatistics s);

}  // namespace superstep
