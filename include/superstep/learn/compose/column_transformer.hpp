// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's ColumnTransformer: transformers side by side, each on the columns that it is
// given.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct ColumnTransformerParams {
  Value transformers = Value::list({});  ///< [('name', OneHotEncoder(), ['city']), ...]
  Value remainder = "drop";
  Value transformer_weights;
  Value verbose_feature_names_out = true;
};

struct Branch;
struct BranchBatch;

class ColumnTransformer final : public EstimatorOf<ColumnTransformer, ColumnTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<ColumnTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Target target() const override;
  bool follows_targets() const override;
  bool reads_texts() const override;
  bool reads_sparse(Index) const override { return reads_texts(); }
  bool keeps_sparse() const override;
  Fusion fusion() const override { return {.splits = true}; }
  /// `onehotencoder__drop`, the name of a transformer, or one of its own.
  void set(std::string_view param, const Value& value) override;
  Value get(std::string_view param) const override;
  void apply(const EstimatorExpression& expression) override;
  void check_params() const override;
  MayMiss may_miss(const Schema* columns, const MayMiss& behind) const override;
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

 private:
  static BranchBatch planned(Index columns, std::span<const Candidate> batch);
  std::vector<Branch> branches(const Schema& columns) const;
};

}  // namespace superstep
