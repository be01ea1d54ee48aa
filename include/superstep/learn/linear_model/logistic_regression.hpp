// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression: minimise  C sum_i v_i loss_i + penalty(coef),  v_i the row's weight times
// its class weight, the intercept not penalised. Two classes: loss = log(1 + exp(-+z)); more: the
// cross entropy of softmax(z). All candidates share their passes: one for moments, then one a step
// (a handful to twenty).
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct LogisticRegressionParams {
  std::optional<std::string> penalty = "deprecated";  ///< l1_ratio and C say it
  double tol = 1e-4;
  double C = 1.0;
  bool fit_intercept = true;
  Value class_weight{};  ///< None, 'balanced' or {label: weight}
  std::optional<Index> random_state{};
  std::string solver = "lbfgs";
  Index max_iter = 100;
  std::string multi_class = "auto";
  std::optional<double> l1_ratio = 0.0;
};

class LogisticRegression final : public EstimatorOf<LogisticRegression, LogisticRegressionParams> {
 public:
  using EstimatorOf::EstimatorOf;
  Kind kind() const override { return Kind::classifier; }
  bool can(Method method) const override {
    return method == Method::decision_function || Estimator::can(method);
  }
  static const ParamTable<LogisticRegressionParams>& param_table();
  void check_params() const override;
  void set(std::string_view param, const Value& value) override;
  void apply(const EstimatorExpression& expression) override;
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
