// SPDX-License-Identifier: BSD-3-Clause
// Ordinary least squares: minimise |y - X b - c|^2 over the directions of b in which X - mean is
// longer than `tol` times its greatest length, of all minimisers the one of least norm.
// One superstep (the Gram matrix, d^2/2 entries, n d^2 flops). Where the Gram matrix does not
// resolve the columns, it says so and refines in further passes (shifted CholeskyQR; Fukaya and
// others 2020).
#pragma once

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

struct LinearRegressionParams {
  bool fit_intercept = true;
  double tol = 1e-6;
  bool positive = false;
};

class LinearRegression final : public EstimatorOf<LinearRegressionParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  std::unique_ptr<Estimator> clone() const override {
    return std::make_unique<LinearRegression>(*this);
  }
  const ParamTable<LinearRegressionParams>& param_table() const override;
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
