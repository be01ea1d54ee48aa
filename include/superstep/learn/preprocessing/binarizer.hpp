// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's Binarizer: 1 for what is greater than a threshold, else 0.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct BinarizerParams {
  double threshold = 0.0;
};

class Binarizer final : public EstimatorOf<Binarizer, BinarizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<BinarizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
