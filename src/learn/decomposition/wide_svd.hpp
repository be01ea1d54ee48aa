// SPDX-License-Identifier: BSD-3-Clause
// The largest singular values of tables with so many columns that a Gram matrix is out of the
// question: a few directions, to which X'X is applied again and again (Halko, Martinsson, Tropp
// 2011), a pass each. All models of a batch share the passes.
#pragma once

#include <span>
#include <vector>

#include <superstep/learn/candidate.hpp>
#include <superstep/math/matrix.hpp>

namespace superstep {

/// Whether so many columns are treated so.
constexpr bool is_wide(Index columns) { return columns > 8192; }

/// One model of the batch: what it asks for, and how it sees the rows.
struct WideTask {
  SplitPtr split{};
  AffineMapPtr features{};  ///< null, or a diagonal one
  Index components = 1;
  Index iterations = 5;    ///< scikit-learn's n_iter
  std::uint64_t seed = 0;  ///< of the directions at the start
};

struct WideSVD {
  Vector singular;      ///< descending
  Matrix axes;          ///< one a row; the entry of largest size is positive
  Vector spread;        ///< sum of w (t - mean of t)^2 of the rows' coordinates t on each axis
  double total = 0.0;   ///< the same of all columns, added up
  double weight = 0.0;  ///< of the rows
  Index rows = 0;       ///< with a weight above zero
};

/// **Collective**: two passes and `iterations` of the task with most.
std::vector<WideSVD> wide_svd(Engine& engine, const Table& table, std::span<const WideTask> tasks);

/// `components`: of all models of a batch.
Footprint wide_svd_footprint(Index columns, std::span<const Index> components);

}  // namespace superstep
