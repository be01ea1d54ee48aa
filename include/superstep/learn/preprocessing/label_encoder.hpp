// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's LabelEncoder: the classes of the targets, numbered. Classifiers need none, for
// they take targets that are text, and predict them.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct LabelEncoderParams {};

class LabelEncoder final : public EstimatorOf<LabelEncoder, LabelEncoderParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<LabelEncoderParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  bool transforms_targets() const override { return true; }
  Target target() const override { return Target::classes; }
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema&) const override {}
  Footprint footprint(Index, Index, std::span<const Candidate>) const override { return {}; }
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
