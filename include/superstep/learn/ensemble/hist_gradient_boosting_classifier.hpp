// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's HistGradientBoostingClassifier: boosted trees on histograms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/ensemble/hist_gradient_boosting.hpp>

namespace superstep {

struct HistGradientBoostingClassifierParams : HistGradientBoostingParams {
  std::string loss = "log_loss";
  Value class_weight;
};

class HistGradientBoostingClassifier final
    : public EstimatorOf<HistGradientBoostingClassifier, HistGradientBoostingClassifierParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<HistGradientBoostingClassifierParams>& param_table();

  Kind kind() const override { return Kind::classifier; }
  bool can(Method method) const override;
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
