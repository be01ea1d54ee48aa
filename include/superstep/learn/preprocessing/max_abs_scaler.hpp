// SPDX-License-Identifier: BSD-3-Clause
// MaxAbsScaler: every column divided by its largest absolute value. NaN stands for a missing value:
// left out when fitting, handed on when transforming.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct MaxAbsScalerParams {
  bool clip = false;
};

/// z = x / max |x|, truly divided: no value of the training data leaves [-1, 1], and with clip
/// none of other data. One superstep of
/// maxima.
class MaxAbsScaler final : public EstimatorOf<MaxAbsScaler, MaxAbsScalerParams> {
 public:
  using EstimatorOf::EstimatorOf;

  static const ParamTable<MaxAbsScalerParams>& param_table();
  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool reads_sparse() const override { return true; }
  bool keeps_sparse() const override { return true; }
  bool gives_affine_maps() const override { return !params().clip; }
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
