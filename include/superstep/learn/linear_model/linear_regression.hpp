// SPDX-License-Identifier: BSD-3-Clause
// Ordinary least squares: minimise |y - X b - c|^2 over the directions of b in which X - mean is
// longer than `tol` times its greatest length, of all minimisers the one of least norm.
// One superstep (the Gram matrix, d^2/2 entries, n d^2 flops). Where the Gram matrix does not
// resolve the columns, it says so and refines in further passes (shifted CholeskyQR; Fukaya and
// others 2020).
#pragma once

#include <superstep/learn/linear_model/moment_regressor.hpp>

namespace superstep {

struct LinearRegressionParams {
  bool fit_intercept = true;
  double tol = 1e-6;
  bool positive = false;
};

class LinearRegression final
    : public WithParams<LinearRegression, LinearRegressionParams, MomentRegressor> {
 public:
  using WithParams::WithParams;
  static const ParamTable<LinearRegressionParams>& param_table();

  bool takes_targets() const override { return true; }
  bool fits_intercept() const override { return params().fit_intercept; }
  MomentFit solve(const Moments& m) const override;
  MomentFit refine(const Moments& m, const Spectrum& spectrum) const override;
  /// A singular value decomposition: the factor twice, Eigen's own matrices, what it found.
  Index matrices_to_solve() const override { return 13; }
  FittedAttributes conclude(MomentFit& fit) const override;
  FittedAttributes attributes() const override {
    return {{"rank_", Index{0}}, {"singular_", Vector()}};
  }
};

}  // namespace superstep
