// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's SelectKBest: the columns with the best scores.
#pragma once

#include <superstep/learn/feature_selection/univariate_filter.hpp>

namespace superstep {

struct SelectKBestParams {
  std::string score_func = "f_classif";
  Value k = 10;  ///< a number or 'all'
};

class SelectKBest final : public WithParams<SelectKBest, SelectKBestParams, UnivariateFilter> {
 public:
  using WithParams::WithParams;
  static const ParamTable<SelectKBestParams>& param_table();

  void check_params() const override;
  const std::string& score_function() const override { return params().score_func; }
  std::vector<Index> chosen(const Vector& scores, FitReport& report) const override;
  Index most_chosen(Index columns) const override;
};

}  // namespace superstep
