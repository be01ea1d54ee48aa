// SPDX-License-Identifier: BSD-3-Clause
// CategoricalNB: columns hold categories, numbered from 0; every class has its shares of them.
#pragma once

#include <superstep/learn/naive_bayes/discrete_nb.hpp>

namespace superstep {

struct CategoricalNBParams {
  double alpha = 1.0;
  bool force_alpha = true;
  bool fit_prior = true;
  Value class_prior{};     ///< None, or the probability of each class
  Value min_categories{};  ///< None, or the least number of categories, of all columns or of each
};

/// log P(k | x) = log prior_k + sum_c log share of category x_c in class k + const. A first pass
/// finds how many categories each column has, a second one counts them.
class CategoricalNB final : public WithParams<CategoricalNB, CategoricalNBParams, DiscreteNB> {
 public:
  using WithParams::WithParams;
  static const ParamTable<CategoricalNBParams>& param_table();
  NBSettings settings() const override;
  std::shared_ptr<NBModel> conclude(NBFit fit) const override;
  std::vector<NBCounts> count(Engine& engine, const Table& table,
                              std::span<const Candidate> candidates) const override;
  /// With room for the first pass.
  Index summands(Index columns, std::span<const Candidate>) const override { return 6 * columns; }
  bool counts_categories() const override { return true; }
};

}  // namespace superstep
