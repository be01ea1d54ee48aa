// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/lasso_cv.hpp>

#include <superstep/learn/linear_model/lasso.hpp>

namespace superstep {

const ParamTable<LassoCVParams>& LassoCV::param_table() {
  static const auto table =
      with_path(ParamTable<LassoCVParams>("LassoCV", "Lasso with alpha from cross-validation."));
  return table;
}

ElasticNetCVParams LassoCV::path() const {
  const LassoCVParams& p = params();
  return {1.0,   p.eps, p.alphas,   p.fit_intercept, p.max_iter,
          p.tol, p.cv,  p.positive, p.random_state};
}

std::unique_ptr<Estimator> LassoCV::with(double alpha, double) const {
  const LassoCVParams& p = params();
  return std::make_unique<Lasso>(
      LassoParams{alpha, p.fit_intercept, p.max_iter, p.tol, p.positive, p.random_state});
}

}  // namespace superstep
