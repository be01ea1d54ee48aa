// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's SimpleImputer: missing values replaced by a statistic of their column.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct SimpleImputerParams {
  std::string strategy = "mean";
  Value fill_value;
  bool add_indicator = false;
  bool keep_empty_features = false;
};

class SimpleImputer final : public EstimatorOf<SimpleImputer, SimpleImputerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<SimpleImputerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema& columns) const override;
  Index most_columns_behind(const Schema& columns) const override {
    return (params().add_indicator ? 2 : 1) * columns.size();
  }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
