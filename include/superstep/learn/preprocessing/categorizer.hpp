// SPDX-License-Identifier: BSD-3-Clause
// dask-ml's Categorizer: text becomes categories. A table that was read has them already, so
// columns pass as they are.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct CategorizerParams {
  Value columns;
};

class Categorizer final : public EstimatorOf<Categorizer, CategorizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<CategorizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override { return behind; }
  void check_columns(const Schema& columns) const override;
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
