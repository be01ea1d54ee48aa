// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's RobustScaler: columns centred on their median and scaled by a range of quantiles.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct RobustScalerParams {
  bool with_centering = true;
  bool with_scaling = true;
  std::vector<double> quantile_range = {25.0, 75.0};
  bool unit_variance = false;
};

class RobustScaler final : public EstimatorOf<RobustScaler, RobustScalerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<RobustScalerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  bool gives_affine_maps() const override { return true; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
