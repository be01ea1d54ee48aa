// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's PowerTransformer: columns made more like a normal distribution by a power.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct PowerTransformerParams {
  std::string method = "yeo-johnson";
  bool standardize = true;
};

class PowerTransformer final : public EstimatorOf<PowerTransformer, PowerTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<PowerTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
