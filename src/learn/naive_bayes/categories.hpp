// SPDX-License-Identifier: BSD-3-Clause
// The categories of each column in the rows that the splits of a batch train on: a pass tells how
// many there are, another one how often each class has them.
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

#include "learn/naive_bayes/discrete_nb.hpp"

namespace superstep {

/// Where the categories of each column begin, when those of all lie side by side.
std::vector<Index> begins_of(std::span<const Index> counts);

/// How often the rows of each class have each category, for each candidate with what it says of
/// the least number of categories (min_categories of CategoricalNB). Refused where the rows to
/// train on hold what is no category, or those to test on one that training has not met.
/// MemoryError before anything is counted if there are too many. **Collective**, two passes.
std::vector<NBCounts> counts_of_categories(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates,
                                           std::span<const Value> least);

}  // namespace superstep
