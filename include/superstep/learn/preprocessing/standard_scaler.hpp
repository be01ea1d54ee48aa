// SPDX-License-Identifier: BSD-3-Clause
// StandardScaler: columns with mean 0 and variance 1. NaN stands for a missing value: left out when
// fitting, handed on when transforming.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct StandardScalerParams {
  bool with_mean = true;
  bool with_std = true;
};

/// z = (x - mean) / sqrt(variance), with weighted means and variances where rows have weights.
///
/// One superstep of 3 sums a column, taken around a provisional mean so that a column of 1e8 +- 1
/// keeps its digits; a second one where the provisional mean was far off. As in scikit-learn a
/// column whose variance is within its own rounding error (Chan, Golub, LeVeque 1983) counts as
/// constant and is not scaled.
class StandardScaler final : public EstimatorOf<StandardScaler, StandardScalerParams> {
 public:
  using EstimatorOf::EstimatorOf;

  static const ParamTable<StandardScalerParams>& param_table();
  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool reads_sparse() const override { return true; }
  bool keeps_sparse() const override { return !params().with_mean; }
  bool gives_affine_maps() const override { return true; }
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
