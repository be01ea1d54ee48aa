// SPDX-License-Identifier: BSD-3-Clause
// Lloyd's algorithm for many sets of centres in the same passes.
#pragma once

#include <algorithm>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/math/matrix.hpp>

#include "learn/cluster/training_rows.hpp"

namespace superstep {

/// One set of centres, relative to the origin: where it starts, then what became of it.
struct LloydRun {
  Matrix centers;
  Index set = 0;           ///< of training rows
  double tolerance = 0.0;  ///< on the squared norm of a step of all centres
  Index max_iter = 300;

  Index n_iter = 0;
  bool converged = false;
  double inertia = 0.0;  ///< of the final centres, like `filled`
  Index filled = 0;      ///< clusters that are not empty
  /// What was learnt of the bounds of sums, weights and inertia; empty: nothing yet.
  std::vector<int> exponents{};

  /// Whether more iterations change nothing.
  bool is_done() const { return converged || n_iter >= max_iter; }
  /// What iterations change.
  template <class Archive>
  void fields(Archive& archive);
};

/// Doubles of a block's partial that one run needs.
Index lloyd_sums(Index clusters, Index columns);
/// Doubles of all the runs that share a pass, unless one alone has more. The others wait for their
/// turn.
inline constexpr Index lloyd_most_sums = Index{1} << 20;

/// Iterates every run until it converges or has no iterations left; from where it stands, if an
/// earlier call has taken it somewhere. A run's result does not depend on the others, nor on how
/// its iterations are cut into calls. **Collective.**
void lloyd(Engine& engine, const Table& table, const TrainingRows& rows, const Origin& origin,
           const Sketch& sketch, std::span<LloydRun> runs);

template <class Archive>
void LloydRun::fields(Archive& archive) {
  archive.finite(centers);
  archive.within(n_iter, 0, std::max(n_iter, max_iter));
  archive.flag(converged);
  archive.number(inertia);
  archive.within(filled, 0, centers.rows());
  bool has_learnt = !exponents.empty();
  archive.flag(has_learnt);
  if (!has_learnt) return;
  exponents.resize(static_cast<std::size_t>(lloyd_sums(centers.rows(), centers.cols())));
  constexpr int largest = 2200;  // of a sum of products of doubles
  for (int& e : exponents) archive.within(e, -largest, largest);
}

}  // namespace superstep
