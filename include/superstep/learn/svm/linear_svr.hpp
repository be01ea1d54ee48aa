// SPDX-License-Identifier: BSD-3-Clause
// Linear support vector regression: minimise  1/2 (|w|^2 + (b / intercept_scaling)^2) +
// C sum_i v_i max(0, |x_i w + b - y_i| - epsilon)^2, v_i the row's weight. All candidates and folds
// share their passes: one for moments, one at w = 0, then one a step.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct LinearSVRParams {
  double epsilon = 0.0;
  double tol = 1e-4;
  double C = 1.0;
  std::string loss = "epsilon_insensitive";
  bool fit_intercept = true;
  double intercept_scaling = 1.0;
  std::optional<Index> random_state{};
  Index max_iter = 1000;
};

class LinearSVR final : public EstimatorOf<LinearSVR, LinearSVRParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::regressor; }
  static const ParamTable<LinearSVRParams>& param_table();
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool ends_with_a_look() const override { return true; }
  bool gathers() const override { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  bool reads_sparse() const override { return true; }
  Fusion fusion() const override { return {true, true, true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
