// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's QuantileTransformer: columns mapped onto a uniform or a normal distribution.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct QuantileTransformerParams {
  Index n_quantiles = 1000;
  std::string output_distribution = "uniform";
  std::optional<Index> subsample = 10'000;
  std::optional<Index> random_state;
};

class QuantileTransformer final
    : public EstimatorOf<QuantileTransformer, QuantileTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<QuantileTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
