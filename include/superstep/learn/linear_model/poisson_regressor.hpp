// SPDX-License-Identifier: BSD-3-Clause
// Poisson regression with log link: minimise  sum_i w_i (exp(z_i) - y_i z_i) / sum_i w_i + alpha/2
// |coef|^2, z = x coef + intercept, the intercept not penalised. One pass for moments, then one a
// step.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct PoissonRegressorParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  std::string solver = "lbfgs";
  Index max_iter = 100;
  double tol = 1e-4;
};

class PoissonRegressor final : public EstimatorOf<PoissonRegressor, PoissonRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  static const ParamTable<PoissonRegressorParams>& param_table();
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
