// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's VarianceThreshold: columns that vary more than so much.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct VarianceThresholdParams {
  double threshold = 0.0;
};

class VarianceThreshold final : public EstimatorOf<VarianceThreshold, VarianceThresholdParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<VarianceThresholdParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  /// Which columns are left out is not known yet.
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override {
    return MayMiss(behind.is_everywhere());
  }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool reads_sparse(Index) const override { return params().threshold > 0.0; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
