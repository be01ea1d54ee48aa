// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's KBinsDiscretizer: columns cut into intervals.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct KBinsDiscretizerParams {
  Value n_bins = 5;
  std::string encode = "onehot";
  std::string strategy = "quantile";
  std::string quantile_method = "averaged_inverted_cdf";
  std::optional<Index> subsample = 200'000;
  std::optional<Index> random_state;
};

class KBinsDiscretizer final : public EstimatorOf<KBinsDiscretizer, KBinsDiscretizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<KBinsDiscretizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  Index most_columns_behind(const Schema& columns) const override;
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
