// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/lasso.hpp>

namespace superstep {

const ParamTable<LassoParams>& Lasso::param_table() {
  static const auto table =
      ParamTable<LassoParams>("Lasso",
                              "Least squares with a penalty on |coef|, so that few are not zero.")
          .add("alpha", &LassoParams::alpha, at_least(0.0), "strength of the penalty")
          .add("fit_intercept", &LassoParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("precompute", {false, true}, "the Gram matrix is always used")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("max_iter", &LassoParams::max_iter, at_least(1), "most sweeps over the coefficients")
          .add("tol", &LassoParams::tol, at_least(0.0),
               "ends when the duality gap is below tol |y|^2, if the optimum itself was not found "
               "before")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .add("positive", &LassoParams::positive, anything(), "coefficients may not be negative")
          .add("random_state", &LassoParams::random_state, anything(),
               "without effect, as in scikit-learn, unless selection is 'random'")
          .refuse("selection", {"cyclic"},
                  "coefficients are visited in order; the optimum is the same")
          .positional(1);
  return table;
}

ElasticNetParams Lasso::net() const {
  const LassoParams& p = params();
  return {p.alpha, 1.0, p.fit_intercept, p.max_iter, p.tol, p.positive, p.random_state};
}

}  // namespace superstep
