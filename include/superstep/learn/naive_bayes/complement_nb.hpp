// SPDX-License-Identifier: BSD-3-Clause
// ComplementNB: as MultinomialNB, but a class is told by what rows of all others hold; for classes
// of very different size.
#pragma once

#include <superstep/learn/naive_bayes/discrete_nb.hpp>

namespace superstep {

struct ComplementNBParams {
  Value alpha{1.0};  ///< a number, or one for each column
  bool force_alpha = true;
  bool fit_prior = true;
  Value class_prior{};  ///< None, or the probability of each class
  bool norm = false;
};

/// The class is the one whose complement has the least of the row: greatest -sum_c x_c log
/// share_kc, where share_kc is that of column c in all other classes.
class ComplementNB final : public WithParams<ComplementNB, ComplementNBParams, DiscreteNB> {
 public:
  using WithParams::WithParams;
  static const ParamTable<ComplementNBParams>& param_table();
  bool reads_sparse() const override { return true; }
  NBSettings settings() const override;
  std::shared_ptr<NBModel> conclude(NBFit fit) const override;
};

}  // namespace superstep
