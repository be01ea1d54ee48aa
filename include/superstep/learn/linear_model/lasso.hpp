// SPDX-License-Identifier: BSD-3-Clause
// The Lasso: minimise |y - X b - c|^2 / (2 n) + alpha |b|_1, with weights sum w (y - x b - c)^2 /
// (2 sum w). It is the elastic net with l1_ratio = 1.
#pragma once

#include <superstep/learn/linear_model/elastic_net.hpp>

namespace superstep {

struct LassoParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  Index max_iter = 1000;
  double tol = 1e-4;
  bool positive = false;
  std::optional<Index> random_state = {};
};

class Lasso final : public WithParams<Lasso, LassoParams, PenalisedRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<LassoParams>& param_table();
  ElasticNetParams net() const override;
};

}  // namespace superstep
