// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's HistGradientBoostingRegressor: boosted trees on histograms.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/ensemble/hist_gradient_boosting.hpp>

namespace superstep {

struct HistGradientBoostingRegressorParams : HistGradientBoostingParams {
  std::string loss = "squared_error";
  std::optional<double> quantile;
};

class HistGradientBoostingRegressor final
    : public EstimatorOf<HistGradientBoostingRegressor, HistGradientBoostingRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<HistGradientBoostingRegressorParams>& param_table();

  void check_params() const override;
  Kind kind() const override { return Kind::regressor; }
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const override {
    return trees::ample(footprint(columns, classes, batch), columns);
  }
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
