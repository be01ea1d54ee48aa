// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's DummyClassifier: what can be said without looking at a column.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct DummyClassifierParams {
  std::string strategy = "prior";
  Value random_state;
  Value constant;  ///< a class, with 'constant'
};

class DummyClassifier final : public EstimatorOf<DummyClassifier, DummyClassifierParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<DummyClassifierParams>& param_table();

  Kind kind() const override { return Kind::classifier; }
  Fusion fusion() const override { return {true, true, true}; }
  void check_params() const override;
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema&) const override {}
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {1, 1, 1.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
