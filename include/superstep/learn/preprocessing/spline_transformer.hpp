// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's SplineTransformer: B-splines of every column.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct SplineTransformerParams {
  Index n_knots = 5;
  Index degree = 3;
  Value knots = "uniform";
  std::string extrapolation = "constant";
  bool include_bias = true;
  std::string handle_missing = "error";
};

class SplineTransformer final : public EstimatorOf<SplineTransformer, SplineTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<SplineTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  MayMiss may_miss(const Schema*, const MayMiss&) const override {
    return MayMiss(params().handle_missing == "zeros");
  }
  Index most_columns_behind(const Schema& columns) const override;
  void check_params() const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
