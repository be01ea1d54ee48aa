// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's Normalizer: every row scaled to unit length.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct NormalizerParams {
  std::string norm = "l2";
};

class Normalizer final : public EstimatorOf<Normalizer, NormalizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<NormalizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
