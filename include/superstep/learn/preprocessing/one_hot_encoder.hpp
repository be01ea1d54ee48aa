// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's OneHotEncoder: one column of 0 and 1 for each category of each column.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct OneHotEncoderParams {
  Value categories = "auto";
  Value drop;
  std::string handle_unknown = "error";
  Value min_frequency;
  std::optional<Index> max_categories;
};

class OneHotEncoder final : public EstimatorOf<OneHotEncoder, OneHotEncoderParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<OneHotEncoderParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  /// What is missing is a category.
  MayMiss may_miss(const Schema*, const MayMiss&) const override { return MayMiss::everywhere(); }
  void check_columns(const Schema& columns) const override;
  Index most_columns_behind(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
