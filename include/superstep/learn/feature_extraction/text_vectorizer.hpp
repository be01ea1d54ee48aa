// SPDX-License-Identifier: BSD-3-Clause
// The families of what makes columns of texts: sparse rows of a column of texts, and nothing else.
// An estimator brings its parameters and, where it learns a vocabulary, what it asks of the texts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/feature_extraction/text_params.hpp>

namespace superstep {

class TextVectorizer : public Estimator {
 public:
  Kind kind() const final { return Kind::transformer; }
  void check_columns(const Schema& columns) const final;
  bool reads_texts() const final { return true; }
  bool reads_sparse(Index) const final { return true; }
  bool keeps_sparse() const final { return true; }
  Fusion fusion() const final { return {.splits = true}; }
};

struct VocabularyParams : TextParams {
  Value max_df = 1.0;
  Value min_df = 1;
  std::optional<Index> max_features;
  Value vocabulary;
  bool binary = false;
};

struct TermRequest;

/// A column for each term: one look for all candidates that analyse texts alike.
class VocabularyVectorizer : public TextVectorizer {
 public:
  Index most_columns_behind(const Schema&) const final;
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index, Index, std::span<const Candidate>) const final { return {1, 1, 0.0}; }

  virtual const VocabularyParams& vocabulary_params() const = 0;
  /// What it wants to know of the rows that train in the split.
  virtual TermRequest request(const SplitPtr& split) const = 0;

 protected:
  /// UsageError unless terms can be found as the parameters say.
  void check_vocabulary_params() const;
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;
};

}  // namespace superstep
