// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's TransformedTargetRegressor: a regressor of what a function makes of the targets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct TransformedTargetRegressorParams {
  Value regressor;  ///< None: LinearRegression()
  std::optional<std::string> func;
  std::optional<std::string> inverse_func;
  bool check_inverse = true;
};

class TransformedTargetRegressor final
    : public EstimatorOf<TransformedTargetRegressor, TransformedTargetRegressorParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<TransformedTargetRegressorParams>& param_table();

  Kind kind() const override { return Kind::regressor; }
  bool takes_targets() const override;
  /// As far as its regressor takes them; the rest is done in front of that.
  Fusion fusion() const override { return {true, true, true}; }
  /// `regressor__alpha`, or one of its own.
  void set(std::string_view param, const Value& value) override;
  Value get(std::string_view param) const override;
  void apply(const EstimatorExpression& expression) override;
  void check_params() const override;
  MayMiss may_miss(const Schema* columns, const MayMiss& behind) const override;
  void check_columns(const Schema& columns) const override;
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
