// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression with C and l1_ratio chosen by cross-validation in stratified folds. All
// settings and folds share their passes, and those that judge the held-out rows.
#pragma once

#include <superstep/learn/cross_validated.hpp>
#include <superstep/learn/linear_model/logistic_regression.hpp>

namespace superstep {

struct LogisticRegressionCVParams {
  Value Cs = 10;  ///< how many, or a list
  Value l1_ratios = "warn";
  bool fit_intercept = true;
  Value cv{};
  std::string penalty = "deprecated";
  std::optional<std::string> scoring = "warn";
  std::string solver = "lbfgs";
  double tol = 1e-4;
  Index max_iter = 100;
  Value class_weight{};
  std::optional<Index> random_state{};
};

class LogisticRegressionCV final
    : public CrossValidatedOf<LogisticRegressionCV, LogisticRegressionCVParams> {
 public:
  using CrossValidatedOf::CrossValidatedOf;
  static const ParamTable<LogisticRegressionCVParams>& param_table();
  std::unique_ptr<Estimator> tried() const override;
  Index count() const override;
  Tries tries(const TrainingView& view) const override;
  std::string metric() const override;
  ChoiceAttributes conclude(const Tries& tries, const TriedScores& scores,
                            std::size_t best) const override;
  ChoiceAttributes attributes() const override;
};

}  // namespace superstep
