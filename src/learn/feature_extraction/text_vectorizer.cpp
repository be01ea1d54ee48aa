// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/text_vectorizer.hpp>

#include "learn/feature_extraction/term_training.hpp"
#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

void TextVectorizer::check_columns(const Schema& columns) const { require_text(columns, name()); }

Index VocabularyVectorizer::most_columns_behind(const Schema&) const {
  return most_terms(vocabulary_params());
}

Footprint VocabularyVectorizer::footprint(Index, Index, std::span<const Candidate> batch) const {
  return least_for_terms(batch.size());
}

void VocabularyVectorizer::check_vocabulary_params() const {
  const VocabularyParams& p = vocabulary_params();
  analyser_options(p, name());
  if (!p.vocabulary.is_none()) vocabulary_of(p.vocabulary, name());
}

std::vector<Trained> VocabularyVectorizer::train_batch(
    Engine& engine, const Table& table, std::span<const Candidate> candidates) const {
  std::vector<TermRequest> requests;
  for (const Candidate& c : candidates) {
    const auto& vectorizer = dynamic_cast<const VocabularyVectorizer&>(*c.estimator);
    requests.push_back(vectorizer.request(c.split));
  }
  return train_terms(engine, table, requests);
}

std::shared_ptr<Model> VocabularyVectorizer::load_fitted(const AttributeReader& in) const {
  return load_terms(in, request(nullptr));
}

}  // namespace superstep
