// SPDX-License-Identifier: BSD-3-Clause
// Regression with a Tweedie distribution: minimise  sum_i w_i d(y_i, mu_i) / sum_i w_i + alpha/2
// |coef|^2, 2 d being the deviance of that power, mu = exp(x coef + intercept), the intercept not
// penalised. With power 0 and the identity link this is ridge regression, from moments: one pass.
// Else one pass for moments, then one a step; models of different powers share them.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct TweedieRegressorParams {
  double power = 0.0;
  double alpha = 1.0;
  bool fit_intercept = true;
  std::string link = "auto";
  std::string solver = "lbfgs";
  Index max_iter = 100;
  double tol = 1e-4;
};

class TweedieRegressor final : public EstimatorOf<TweedieRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  std::unique_ptr<Estimator> clone() const override {
    return std::make_unique<TweedieRegressor>(*this);
  }
  const ParamTable<TweedieRegressorParams>& param_table() const override;
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool gathers() const override { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  Fusion fusion() const override { return {true, true, true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
