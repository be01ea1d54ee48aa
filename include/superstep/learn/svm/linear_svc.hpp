// SPDX-License-Identifier: BSD-3-Clause
// Linear support vector classification: minimise  1/2 (|w|^2 + (b / intercept_scaling)^2) +
// C sum_i v_i max(0, 1 - y_i (x_i w + b))^2, v_i the row's weight times its class weight, y_i = 1
// in a class and -1 elsewhere: one function for two classes, else one for each class beside all
// others, whose class weights are 1. All functions, candidates and folds share their passes: one
// for moments, then one a step.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct LinearSVCParams {
  std::string loss = "squared_hinge";
  double tol = 1e-4;
  double C = 1.0;
  bool fit_intercept = true;
  double intercept_scaling = 1.0;
  Value class_weight{};  ///< None, 'balanced' or {label: weight}
  std::optional<Index> random_state{};
  Index max_iter = 1000;
};

class LinearSVC final : public EstimatorOf<LinearSVC, LinearSVCParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::classifier; }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::decision_function;
  }
  static const ParamTable<LinearSVCParams>& param_table();
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
