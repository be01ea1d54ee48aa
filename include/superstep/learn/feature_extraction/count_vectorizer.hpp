// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's CountVectorizer: a column for each term, with how often it stands in a text.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/feature_extraction/text_params.hpp>

namespace superstep {

struct CountVectorizerParams : TextParams {
  Value max_df = 1.0;
  Value min_df = 1;
  std::optional<Index> max_features;
  Value vocabulary;
  bool binary = false;
};

/// Columns, as far as the parameters tell.
Index most_terms(const CountVectorizerParams& params);

class CountVectorizer final : public EstimatorOf<CountVectorizer, CountVectorizerParams> {
 public:
  using EstimatorOf::EstimatorOf;
  static const ParamTable<CountVectorizerParams>& param_table();

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
