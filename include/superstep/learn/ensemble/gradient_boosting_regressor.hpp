// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's GradientBoostingRegressor, on histograms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/ensemble/gradient_boosting.hpp>

namespace superstep {

struct GradientBoostingRegressorParams : GradientBoostingParams {
  std::string loss = "squared_error";
  double alpha = 0.9;
};

class GradientBoostingRegressor final
    : public EstimatorOf<GradientBoostingRegressor, GradientBoostingRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<GradientBoostingRegressorParams>& param_table();

  Kind kind() const override { return Kind::regressor; }

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
