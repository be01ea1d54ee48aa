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
class ComplementNB final : public DiscreteNB<ComplementNBParams> {
 public:
  using DiscreteNB::DiscreteNB;
  const ParamTable<ComplementNBParams>& param_table() const override;
  std::unique_ptr<Estimator> clone() const override {
    return std::make_unique<ComplementNB>(*this);
  }

 protected:
  std::vector<NBCounts> count(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<NBModel> model_of(const ComplementNBParams& params,
                                    NBCounts counts) const override;
};

extern template class DiscreteNB<ComplementNBParams>;

}  // namespace superstep
