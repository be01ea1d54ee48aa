// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's TargetEncoder: each category replaced by the mean of the targets of its rows,
// drawn towards the mean of all. What is trained behind it sees of each row what the other folds
// tell.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct TargetEncoderParams {
  Value categories = "auto";
  std::string target_type = "auto";
  Value smooth = "auto";
  Value cv = 5;
  Value shuffle = "deprecated";
  Value random_state = "deprecated";
};

class TargetEncoder final : public EstimatorOf<TargetEncoder, TargetEncoderParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<TargetEncoderParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Target target() const override;
  bool follows_targets() const override { return params().target_type == "auto"; }
  Fusion fusion() const override { return {.splits = true}; }
  void check_params() const override;
  /// What is missing is a category.
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
