// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/elastic_net_cv.hpp>

#include <superstep/learn/linear_model/elastic_net.hpp>

#include "learn/values_to_try.hpp"

namespace superstep {

const ParamTable<ElasticNetCVParams>& ElasticNetCV::param_table() {
  using P = ElasticNetCVParams;
  static const auto table = with_path(
      ParamTable<P>("ElasticNetCV", "ElasticNet with alpha and l1_ratio from cross-validation.")
          .add("l1_ratio", &P::l1_ratio,
               one_or_several("a float between 0 and 1, or a list of such",
                              [](double ratio) { return ratio >= 0.0 && ratio <= 1.0; }),
               "share of the penalty on |coef|; of several the best is chosen"));
  return table;
}

std::unique_ptr<Estimator> ElasticNetCV::with(double alpha, double l1_ratio) const {
  const ElasticNetCVParams& p = params();
  return std::make_unique<ElasticNet>(ElasticNetParams{alpha, l1_ratio, p.fit_intercept, p.max_iter,
                                                       p.tol, p.positive, p.random_state});
}

}  // namespace superstep
