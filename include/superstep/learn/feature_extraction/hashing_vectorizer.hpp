// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's HashingVectorizer: terms go into columns by their hashes, nothing is learnt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/feature_extraction/text_params.hpp>

namespace superstep {

struct HashingVectorizerParams : TextParams {
  Index n_features = Index{1} << 20;
  bool binary = false;
  std::optional<std::string> norm = "l2";
  bool alternate_sign = true;
};

class HashingVectorizer final : public EstimatorOf<HashingVectorizer, HashingVectorizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<HashingVectorizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  void check_params() const override;
  void check_columns(const Schema& columns) const override;
  bool reads_texts() const override { return true; }
  bool reads_sparse(Index) const override { return true; }
  bool keeps_sparse() const override { return true; }
  Index most_columns_behind(const Schema&) const override { return params().n_features; }
  Fusion fusion() const override { return {.splits = true}; }
  Footprint footprint(Index, Index, std::span<const Candidate>) const override;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
