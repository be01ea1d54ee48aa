// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's OrdinalEncoder: each category replaced by its number.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct OrdinalEncoderParams {
  Value categories = "auto";
  std::string handle_unknown = "error";
  Value unknown_value;
  double encoded_missing_value = std::numeric_limits<double>::quiet_NaN();
  Value min_frequency;
  std::optional<Index> max_categories;
};

class OrdinalEncoder final : public EstimatorOf<OrdinalEncoder, OrdinalEncoderParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<OrdinalEncoderParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Fusion fusion() const override { return {.splits = true}; }
  void check_params() const override;
  MayMiss may_miss(const Schema*, const MayMiss& behind) const override;
  void check_columns(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
