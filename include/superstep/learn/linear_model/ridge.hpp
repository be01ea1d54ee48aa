// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression: minimise |y - X b - c|^2 + alpha |b|^2, the intercept c not penalised.
// One superstep for any number of candidates and folds (the Gram matrix), then a Cholesky
// factorisation for each alpha, shared out over the ranks. Where Gram matrix and penalty together
// do not resolve the columns, it says so and refines in further passes.
//
// One eigendecomposition would serve all alphas of a fold, but a model must not depend on its batch
// mates, so a single model would pay for it: 12 factorisations (0.24 s instead of 0.02 s for 1000
// columns). It would also lose the digits of small columns beside large ones, which a scaled
// factorisation keeps.
#pragma once

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

struct RidgeParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  std::optional<Index> max_iter = {};
  double tol = 1e-4;
  std::string solver = "auto";
  bool positive = false;
  std::optional<Index> random_state = {};
};

class Ridge final : public EstimatorOf<RidgeParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<Ridge>(*this); }
  const ParamTable<RidgeParams>& param_table() const override;
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  unsigned tells() const override { return static_cast<unsigned>(Statistic::squared_errors); }
  bool gathers() const override { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  Fusion fusion() const override { return {true, true, true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
