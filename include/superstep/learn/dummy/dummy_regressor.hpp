// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's DummyRegressor: the same number for every row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct DummyRegressorParams {
  std::string strategy = "mean";
  Value constant;  ///< a number, or one a target, with 'constant'
  std::optional<double> quantile;
};

class DummyRegressor final : public EstimatorOf<DummyRegressor, DummyRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<DummyRegressorParams>& param_table();

  Kind kind() const override { return Kind::regressor; }
  bool takes_targets() const override { return true; }
  Fusion fusion() const override { return {true, true, true}; }
  void check_params() const override;
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema&) const override {}
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
