// SPDX-License-Identifier: BSD-3-Clause
// The elastic net: minimise
//   |y - X b - c|^2 / (2 n) + alpha l1_ratio |b|_1 + alpha (1 - l1_ratio) |b|^2 / 2,
// with weights sum w (y - x b - c)^2 / (2 sum w) + ... One superstep (the Gram matrix) for any
// number of candidates, then coordinate descent on every rank alike.
#pragma once

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

struct ElasticNetParams {
  double alpha = 1.0;
  double l1_ratio = 0.5;
  bool fit_intercept = true;
  Index max_iter = 1000;
  double tol = 1e-4;
  bool positive = false;
  std::optional<Index> random_state = {};
};

class ElasticNet final : public EstimatorOf<ElasticNetParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  std::unique_ptr<Estimator> clone() const override { return std::make_unique<ElasticNet>(*this); }
  const ParamTable<ElasticNetParams>& param_table() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  unsigned tells() const override { return static_cast<unsigned>(Statistic::squared_errors); }

  /// Trains the candidates on behalf of the estimator `name`. **Collective.**
  static std::vector<Trained> train_as(const std::string& name, Engine& engine, const Table& table,
                                       Batch batch);
  bool gathers() const override { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  Fusion fusion() const override { return {true, true, true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
