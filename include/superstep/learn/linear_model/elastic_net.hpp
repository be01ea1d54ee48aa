// SPDX-License-Identifier: BSD-3-Clause
// The elastic net: minimise
//   |y - X b - c|^2 / (2 n) + alpha l1_ratio |b|_1 + alpha (1 - l1_ratio) |b|^2 / 2,
// with weights sum w (y - x b - c)^2 / (2 sum w) + ... One superstep (the Gram matrix) for any
// number of candidates, then coordinate descent on every rank alike.
#pragma once

#include <superstep/learn/linear_model/moment_regressor.hpp>

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

/// What the elastic net and its relatives share: coordinate descent on the moments.
class PenalisedRegressor : public MomentRegressor {
 public:
  /// The elastic net that it is.
  virtual ElasticNetParams net() const = 0;

  bool fits_intercept() const final { return net().fit_intercept; }
  MomentFit solve(const Moments& m) const final;
  FittedAttributes conclude(MomentFit& fit) const final;
  FittedAttributes attributes() const final { return {{"n_iter_", Index{0}}, {"dual_gap_", 0.0}}; }
};

class ElasticNet final : public WithParams<ElasticNet, ElasticNetParams, PenalisedRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ElasticNetParams>& param_table();
  ElasticNetParams net() const override { return params(); }
};

}  // namespace superstep
