// SPDX-License-Identifier: BSD-3-Clause
// BernoulliNB: columns say yes or no; every class says yes so often.
#pragma once

#include <optional>

#include <superstep/learn/naive_bayes/discrete_nb.hpp>

namespace superstep {

struct BernoulliNBParams {
  Value alpha{1.0};  ///< a number, or one for each column
  bool force_alpha = true;
  std::optional<double> binarize = 0.0;
  bool fit_prior = true;
  Value class_prior{};  ///< None, or the probability of each class
};

/// log P(k | x) = log prior_k + sum_c (x_c log p_kc + (1 - x_c) log(1 - p_kc)) + const, where x_c
/// is 1 above the threshold and else 0. Every threshold of a batch takes sums of its own, all of
/// them from one pass.
class BernoulliNB final : public WithParams<BernoulliNB, BernoulliNBParams, DiscreteNB> {
 public:
  using WithParams::WithParams;
  static const ParamTable<BernoulliNBParams>& param_table();
  bool reads_sparse(Index) const override {
    return !params().binarize || *params().binarize >= 0.0;
  }
  NBSettings settings() const override;
  std::shared_ptr<NBModel> conclude(NBFit fit) const override;
  std::vector<NBCounts> count(Engine& engine, const Table& table,
                              std::span<const Candidate> candidates) const override;
  Index summands(Index columns, std::span<const Candidate> batch) const override;
  bool writes_summands() const override { return true; }
};

}  // namespace superstep
