// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's HashingVectorizer: terms go into columns by their hashes, nothing is learnt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/feature_extraction/text_vectorizer.hpp>

namespace superstep {

struct HashingVectorizerParams : TextParams {
  Index n_features = Index{1} << 20;
  bool binary = false;
  std::optional<std::string> norm = "l2";
  bool alternate_sign = true;
};

class HashingVectorizer final
    : public WithParams<HashingVectorizer, HashingVectorizerParams, TextVectorizer> {
 public:
  using WithParams::WithParams;
  static const ParamTable<HashingVectorizerParams>& param_table();

  void check_params() const override;
  Index most_columns_behind(const Schema&) const override { return params().n_features; }
  Footprint footprint(Index, Index, std::span<const Candidate>) const override;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {0, 0, 0.0}; }

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
