// SPDX-License-Identifier: BSD-3-Clause
// Variances of columns and their covariances with the target, column by column, for every fold of a
// batch in one pass: what correlations need, where a Gram matrix would have all pairs of columns.
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

/// Over the rows, each counted by its weight.
struct TargetMoments {
  double weight = 0.0;
  Vector variance;    ///< of each column; zero for a constant one
  Vector covariance;  ///< with the target
  double target_variance = 0.0;
};

/// Of the rows each split trains on (null: all rows); a split's are the same bits whatever the
/// others are. AgreedError for one without a weight above zero. **Collective**, one pass, and one
/// more for each split whose columns lie far from where deviations were taken from.
std::vector<TargetMoments> target_moments(Engine& engine, const Table& table,
                                          std::span<const SplitPtr> splits);

Footprint target_moments_footprint(Index columns, std::span<const Candidate> batch);

}  // namespace superstep
