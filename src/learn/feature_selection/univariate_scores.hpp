// SPDX-License-Identifier: BSD-3-Clause
// How much each column by itself tells of the target: scikit-learn's scoring functions, for every
// fold of a batch in one pass.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

/// One entry a column. Like scikit-learn's, scores are NaN where they are not defined.
struct UnivariateScores {
  Vector scores;
  Vector pvalues;  ///< empty where the function tells none
};

/// f_classif, f_regression, r_regression, chi2.
const std::vector<std::string>& univariate_functions();
Target target_of_scores(const std::string& function);

/// Of the rows each split trains on (null: all rows). AgreedError where the data do not allow it.
/// **Collective**, one pass as a rule.
std::vector<UnivariateScores> univariate_scores(Engine& engine, const Table& table,
                                                const std::string& function,
                                                std::span<const SplitPtr> splits);

Footprint scores_footprint(const std::string& function, Index columns, Index classes,
                           std::span<const Candidate> batch);
TrainingCost scores_cost(const std::string& function, Index columns);

}  // namespace superstep
