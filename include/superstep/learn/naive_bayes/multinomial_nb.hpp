// SPDX-License-Identifier: BSD-3-Clause
// MultinomialNB: columns are counts, such as of words; every class has its shares of them.
#pragma once

#include <superstep/learn/naive_bayes/discrete_nb.hpp>

namespace superstep {

struct MultinomialNBParams {
  Value alpha{1.0};  ///< a number, or one for each column
  bool force_alpha = true;
  bool fit_prior = true;
  Value class_prior{};  ///< None, or the probability of each class
};

/// log P(k | x) = log prior_k + sum_c x_c log share_kc + const.
class MultinomialNB final : public WithParams<MultinomialNB, MultinomialNBParams, DiscreteNB> {
 public:
  using WithParams::WithParams;
  static const ParamTable<MultinomialNBParams>& param_table();
  bool reads_sparse() const override { return true; }
  NBSettings settings() const override;
  std::shared_ptr<NBModel> conclude(NBFit fit) const override;
};

}  // namespace superstep
