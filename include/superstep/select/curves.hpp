// SPDX-License-Identifier: BSD-3-Clause
// Learning curves: the same folds with growing parts of their training rows, as scikit-learn's
// learning_curve takes them: the first so many in the order of the rows.
#pragma once

#include <string>
#include <vector>

#include <superstep/select/evaluation.hpp>

namespace superstep {

struct LearningCurve {
  std::vector<Index> sizes;                   ///< rows trained on, ascending
  std::vector<std::vector<SplitPtr>> splits;  ///< by size
};

/// "0.1,0.5,1.0" (fractions of the smallest training part) or "100,1000" (rows). UsageError.
std::vector<double> parse_train_sizes(const std::string& text);

/// Where each part ends, found with one pass. UsageError in scikit-learn's words for sizes that
/// cannot be had. **Collective.**
LearningCurve plan_learning_curve(Engine& engine, const Estimator& estimator,
                                  const FoldedData& folds, const std::vector<double>& sizes);

}  // namespace superstep
