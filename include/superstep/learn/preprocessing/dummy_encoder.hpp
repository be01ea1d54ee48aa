// SPDX-License-Identifier: BSD-3-Clause
// dask-ml's DummyEncoder: categories as pandas.get_dummies writes them. Which levels there are is
// known from the table, so nothing is learnt from rows.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct DummyEncoderParams {
  Value columns;
  bool drop_first = false;
};

class DummyEncoder final : public EstimatorOf<DummyEncoder, DummyEncoderParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<DummyEncoderParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  void check_params() const override;
  MayMiss may_miss(const Schema* columns, const MayMiss& behind) const override;
  void check_columns(const Schema& columns) const override;
  Index most_columns_behind(const Schema& columns) const override;
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
