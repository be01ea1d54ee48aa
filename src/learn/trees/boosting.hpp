// SPDX-License-Identifier: BSD-3-Clause
// Gradient boosting: trees that each take a step of Newton down the loss. All models of a batch
// grow their trees side by side: the same bins serve all of them, and a superstep brings the
// histograms that any of them wants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>
#include "learn/trees/grower.hpp"
#include "learn/trees/losses.hpp"

namespace superstep::trees {

/// When boosting ends before its last iteration.
struct EarlyStopping {
  /// Of the training rows, those that judge instead; 0: the training rows judge themselves.
  double validation_fraction = 0.1;
  Index n_iter_no_change = 10;
  double tol = 1e-7;
  /// Ends where the last loss is better than none of those before it, not where none of the last is
  /// better than the one before them.
  bool looks_at_last = false;
};

/// What leaves add to scores, and what splits are rated by.
enum class Steps {
  newton,    ///< both by second derivatives
  by_leaves  ///< splits by variances of gradients; leaves take a step of Newton's, summed for them
             ///< alone
};

/// One model.
struct BoostingTask {
  SplitPtr split{};
  Loss loss = Loss::squared;
  double quantile = 0.5;  ///< of Loss::quantile
  Index outputs = 1;      ///< trees in each iteration
  double learning_rate = 0.1;
  Index max_iter = 100;
  GrowthRules growth{};
  Steps steps = Steps::newton;
  double subsample = 1.0;  ///< of the rows, those that a tree sees, chosen by chance
  bool begins_at_zero = false;
  std::uint64_t seed = 0;
  std::optional<EarlyStopping> stopping{};
  Value class_weight{};
};

struct Boosted {
  Vector baseline;
  Forest forest;
  std::vector<double>
      judged;  ///< mean loss before the first tree, after it, ...; where it stops early
};

/// What some rows tell of it before there is a tree.
/// `name`: the estimator's, for messages. A model that its rows do not allow leaves its failure.
/// **Collective.**
struct BoostedOrFailure {
  Boosted boosted{};
  std::shared_ptr<const AgreedError> failure{};
};
std::vector<BoostedOrFailure> boost(Engine& engine, const Table& table, Index max_bins,
                                    const std::string& name, std::span<const BoostingTask> tasks);

/// Beside the blocks.
Footprint boosting_footprint(Index columns, Index max_bins, std::span<const BoostingTask> tasks);
/// With room for a second copy of the bins, column by column.
Footprint ample(Footprint need, Index columns);
TrainingCost boosting_cost(Index columns, std::span<const BoostingTask> tasks);

}  // namespace superstep::trees
