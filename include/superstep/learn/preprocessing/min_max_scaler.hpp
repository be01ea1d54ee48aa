// SPDX-License-Identifier: BSD-3-Clause
// MinMaxScaler: every column mapped onto the same range. NaN stands for a missing value: left out
// when fitting, handed on when transforming.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct MinMaxScalerParams {
  Value feature_range = Value::tuple({0, 1});  ///< (min, max)
  bool clip = false;
};

/// z = (x - data_min) (max - min) / (data_max - data_min) + min. One superstep of maxima, 2 a
/// column.
class MinMaxScaler final : public EstimatorOf<MinMaxScaler, MinMaxScalerParams> {
 public:
  using EstimatorOf::EstimatorOf;

  static const ParamTable<MinMaxScalerParams>& param_table();
  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool reads_sparse(Index) const override { return true; }
  bool gives_affine_maps() const override { return !params().clip; }
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
