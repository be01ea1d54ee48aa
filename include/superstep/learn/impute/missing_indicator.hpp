// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's MissingIndicator: where values are missing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct MissingIndicatorParams {
  std::string features = "missing-only";
  bool error_on_new = true;
};

class MissingIndicator final : public EstimatorOf<MissingIndicator, MissingIndicatorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<MissingIndicatorParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
