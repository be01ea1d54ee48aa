// SPDX-License-Identifier: BSD-3-Clause
// The categories of each column in the rows that the splits of a batch train and test on: how many
// there are, and how often each class has them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <superstep/core/error.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

#include "learn/naive_bayes/class_sums.hpp"

namespace superstep {

/// What one split's rows hold; refused where they hold what is no category, or rows to test on one
/// that training does not know.
struct CategoriesSeen {
  std::vector<Index> counts;  ///< of each column, the greatest category and one
  std::shared_ptr<const AgreedError> refusal{};
};

/// Where the categories of each column begin, when those of all lie side by side.
std::vector<Index> begins_of(std::span<const Index> counts);

/// A column has `least` categories at least (one number a column), for each split. **Collective**,
/// one pass.
std::vector<CategoriesSeen> categories_seen(Engine& engine, const Table& table,
                                            std::span<const SplitPtr> splits,
                                            std::span<const std::vector<Index>> least);

/// Weights of the rows of each class by category, for `counts` categories of each column side by
/// side: others are left out. MemoryError before anything is counted if there are too many.
/// **Collective**, one pass.
SumsByClass sums_by_category(Engine& engine, const Table& table, Index classes,
                             std::span<const Candidate> batch, std::span<const SplitPtr> splits,
                             const std::vector<Index>& counts);

}  // namespace superstep
