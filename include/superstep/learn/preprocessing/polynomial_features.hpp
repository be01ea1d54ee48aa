// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's PolynomialFeatures: products of columns up to a degree.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct PolynomialFeaturesParams {
  Value degree = 2;
  bool interaction_only = false;
  bool include_bias = true;
};

class PolynomialFeatures final : public EstimatorOf<PolynomialFeatures, PolynomialFeaturesParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<PolynomialFeaturesParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  Index most_columns_behind(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
