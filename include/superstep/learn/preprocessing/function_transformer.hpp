// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's FunctionTransformer: a function of NumPy's, by its name, of every value.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct FunctionTransformerParams {
  std::optional<std::string> func;
  std::optional<std::string> inverse_func;
  bool validate = false;
  std::optional<std::string> feature_names_out;
};

class FunctionTransformer final
    : public EstimatorOf<FunctionTransformer, FunctionTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<FunctionTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  /// What is missing is handed on.
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override {
    return params().validate ? MayMiss::nowhere() : behind;
  }
  void check_columns(const Schema& columns) const override;
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
