// SPDX-License-Identifier: BSD-3-Clause
// GaussianNB: every class is a Gaussian with independent columns.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct GaussianNBParams {
  Value priors{};  ///< None, or the probability of each class
  double var_smoothing = 1e-9;
};

/// log P(k | x) = log prior_k - 1/2 sum_c (log 2 pi var_kc + (x_c - theta_kc)^2 / var_kc) + const.
///
/// One superstep of 2 sums a class and column, taken around a provisional mean; a second one,
/// around the means of the classes, when they lie so far apart (or so far from the provisional
/// mean) that the variances would lose digits. Predicting takes 3 instructions for each row, class
/// and column.
class GaussianNB final : public EstimatorOf<GaussianNB, GaussianNBParams> {
 public:
  using EstimatorOf::EstimatorOf;

  static const ParamTable<GaussianNBParams>& param_table();
  Kind kind() const override { return Kind::classifier; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  Fusion fusion() const override { return {.splits = true, .diagonal_maps = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
