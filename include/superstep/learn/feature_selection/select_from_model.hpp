// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's SelectFromModel: the columns that an estimator's coefficients are large for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct SelectFromModelParams {
  Value estimator;
  Value threshold;
  Value norm_order = 1;
  Value max_features;
  std::string importance_getter = "auto";
};

class SelectFromModel final : public EstimatorOf<SelectFromModel, SelectFromModelParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<SelectFromModelParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Target target() const override;
  bool takes_targets() const override;
  /// As far as its estimator takes them; the rest is done in front of that.
  Fusion fusion() const override { return {true, true, true}; }
  /// `estimator__alpha`, or one of its own.
  void set(std::string_view param, const Value& value) override;
  Value get(std::string_view param) const override;
  void apply(const EstimatorExpression& expression) override;
  void check_params() const override;
  void check_columns(const Schema& columns) const override;
  Index most_columns_behind(const Schema& columns) const override;
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
