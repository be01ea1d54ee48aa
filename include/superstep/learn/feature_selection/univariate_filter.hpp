// SPDX-License-Identifier: BSD-3-Clause
// Selectors that score each column by itself against the target. Scores of one function and fold
// are found once for all candidates; an estimator says which columns it keeps.
#pragma once

#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

class UnivariateFilter : public Estimator {
 public:
  Kind kind() const final { return Kind::transformer; }
  Target target() const final;
  Fusion fusion() const final { return {.splits = true}; }
  Index most_columns_behind(const Schema& columns) const final;
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;

  virtual const std::string& score_function() const = 0;
  /// The columns kept, ascending. `scores`: those that are not defined are the least.
  virtual std::vector<Index> chosen(const Vector& scores, FitReport& report) const = 0;
  /// Of so many columns it keeps at most.
  virtual Index most_chosen(Index columns) const = 0;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;
};

/// What score_func may be.
Range score_functions();
/// UsageError for a function of scikit-learn's that is not computed, with the reason.
void check_score_function(const std::string& estimator, const std::string& function);
inline constexpr const char* score_function_help =
    "how much a column tells of the target: f_classif and chi2 for classes, f_regression and "
    "r_regression for numbers";

}  // namespace superstep
