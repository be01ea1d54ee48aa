// SPDX-License-Identifier: BSD-3-Clause
// Ridge regression on classes: 1 for the rows of a class, -1 for the others, and the largest wins.
// One superstep for any number of candidates and folds, as Ridge; those with a class_weight have
// Gram matrices of their own in it.
#pragma once

#include <superstep/learn/linear_model/moment_regressor.hpp>

namespace superstep {

struct RidgeClassifierParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  std::optional<Index> max_iter = {};
  double tol = 1e-4;
  Value class_weight{};  ///< None, 'balanced' or {label: weight}
  std::string solver = "auto";
  bool positive = false;
  std::optional<Index> random_state = {};
};

class RidgeClassifier final
    : public WithParams<RidgeClassifier, RidgeClassifierParams, MomentLearner> {
 public:
  using WithParams::WithParams;
  static const ParamTable<RidgeClassifierParams>& param_table();
  void check_params() const override;
  Kind kind() const override { return Kind::classifier; }
  bool can(Method method) const override {
    return method == Method::predict || method == Method::decision_function;
  }

  bool fits_intercept() const override { return params().fit_intercept; }
  MomentFit solve(const Moments& m) const override;
  MomentFit refine(const Moments& m, const Spectrum& spectrum) const override;
  std::shared_ptr<Model> model_of(const Engine& engine, const Table& table,
                                  MomentFit& fit) const override;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
