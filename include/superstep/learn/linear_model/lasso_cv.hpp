// SPDX-License-Identifier: BSD-3-Clause
// The Lasso with alpha chosen by cross-validation: ElasticNetCV with l1_ratio = 1.
#pragma once

#include <superstep/learn/linear_model/penalised_cv.hpp>

namespace superstep {

struct LassoCVParams {
  double eps = 1e-3;
  Value alphas = 100;  ///< how many, or a list
  bool fit_intercept = true;
  Index max_iter = 1000;
  double tol = 1e-4;
  Value cv{};
  bool positive = false;
  std::optional<Index> random_state = {};
};

class LassoCV final : public CrossValidatedOf<LassoCV, LassoCVParams, PenalisedCV> {
 public:
  using CrossValidatedOf::CrossValidatedOf;
  static const ParamTable<LassoCVParams>& param_table();
  ElasticNetCVParams path() const override;
  bool has_l1_ratio() const override { return false; }
  std::unique_ptr<Estimator> with(double alpha, double l1_ratio) const override;
};

}  // namespace superstep
