// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's SelectPercentile: a share of the columns, those with the best scores.
#pragma once

#include <superstep/learn/feature_selection/univariate_filter.hpp>

namespace superstep {

struct SelectPercentileParams {
  std::string score_func = "f_classif";
  double percentile = 10.0;
};

class SelectPercentile final
    : public WithParams<SelectPercentile, SelectPercentileParams, UnivariateFilter> {
 public:
  using WithParams::WithParams;
  static const ParamTable<SelectPercentileParams>& param_table();

  void check_params() const override;
  const std::string& score_function() const override { return params().score_func; }
  std::vector<Index> chosen(const Vector& scores, FitReport& report) const override;
  Index most_chosen(Index columns) const override;
};

}  // namespace superstep
