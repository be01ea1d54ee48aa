// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's TfidfTransformer: counts of terms weighed by how few rows hold them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct TfidfTransformerParams {
  std::optional<std::string> norm = "l2";
  bool use_idf = true;
  bool smooth_idf = true;
  bool sublinear_tf = false;
};

class TfidfTransformer final : public EstimatorOf<TfidfTransformer, TfidfTransformerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<TfidfTransformerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  bool reads_sparse(Index) const override { return true; }
  bool keeps_sparse() const override { return true; }
  Fusion fusion() const override { return {.splits = true}; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index, std::span<const Candidate>) const override {
    return {1, 1, static_cast<double>(columns)};
  }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
