// SPDX-License-Identifier: BSD-3-Clause
// The Lasso: minimise |y - X b - c|^2 / (2 n) + alpha |b|_1, with weights sum w (y - x b - c)^2 /
// (2 sum w). It is the elastic net with l1_ratio = 1.
#pragma once

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

struct LassoParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  Index max_iter = 1000;
  double tol = 1e-4;
  bool positive = false;
  std::optional<Index> random_state = {};
};

class Lasso final : public EstimatorOf<LassoParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<Lasso>(*this); }
  const ParamTable<LassoParams>& param_table() const override;
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
