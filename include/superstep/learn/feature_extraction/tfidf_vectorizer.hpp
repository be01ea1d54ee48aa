// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's TfidfVectorizer: CountVectorizer and TfidfTransformer in one pass.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/feature_extraction/count_vectorizer.hpp>
#include <superstep/learn/feature_extraction/tfidf_transformer.hpp>

namespace superstep {

struct TfidfVectorizerParams : CountVectorizerParams, TfidfTransformerParams {};

class TfidfVectorizer final : public EstimatorOf<TfidfVectorizer, TfidfVectorizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<TfidfVectorizerParams>& param_table();

  Kind kind() const override { return Kind::transformer; }
  void check_params() const override;
  void check_columns(const Schema& columns) const override;
  Index most_columns_behind(const Schema&) const override { return most_terms(params()); }
  bool reads_texts() const override { return true; }
  bool reads_sparse(Index) const override { return true; }
  bool keeps_sparse() const override { return true; }
  Fusion fusion() const override { return {.splits = true}; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const override { return {1, 1, 0.0}; }

 protected:
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

}  // namespace superstep
