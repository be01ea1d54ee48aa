// SPDX-License-Identifier: BSD-3-Clause
// Single trees and forests of them, of all candidates and folds of a batch: the table is coded once
// and lies on every rank, each tree is grown by one thread of one of them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>
#include "learn/trees/cart.hpp"

namespace superstep::trees {

struct CartTask {
  SplitPtr split{};
  CartRules rules{};                                  ///< but for what depends on the rows
  Value min_samples_split = 2, min_samples_leaf = 1;  ///< rows, or a part of them
  Value class_weight{};
  Index trees = 1;
  bool bootstrap = false;
  Value max_samples{};  ///< that are drawn: rows, or a part of them; None: as many as there are
  bool wants_oob_score = false;
  std::uint64_t seed = 0;

  /// Whether their trees are the same, as far as both have them.
  bool has_trees_of(const CartTask& other) const;
};

struct GrownForest {
  CartForest forest{};
  std::optional<double> oob_score{};
  std::vector<std::string> warnings{};
  std::shared_ptr<const AgreedError> failure{};
};

/// One for each task. `name`: of the estimator, for messages. **Collective.**
std::vector<GrownForest> grow_forests(Engine& engine, const Table& table, const std::string& name,
                                      std::span<const CartTask> tasks);

/// What is known beforehand: the rows are where there are folds.
Footprint forests_footprint(Index columns, std::span<const CartTask> tasks);
TrainingCost forests_cost(Index columns, std::span<const CartTask> tasks);

}  // namespace superstep::trees
