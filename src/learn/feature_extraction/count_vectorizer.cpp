// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/count_vectorizer.hpp>

#include "learn/feature_extraction/term_training.hpp"
#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "CountVectorizer";

}  // namespace

const ParamTable<CountVectorizerParams>& CountVectorizer::param_table() {
  using P = CountVectorizerParams;
  static const auto table = with_vocabulary_params(with_text_params(ParamTable<P>(
      itself, "A column for each term of the texts, with how often it stands in each.")));
  return table;
}

void CountVectorizer::check_params() const {
  EstimatorOf::check_params();
  analyser_options(params(), itself);
  if (!params().vocabulary.is_none()) vocabulary_of(params().vocabulary, itself);
}

void CountVectorizer::check_columns(const Schema& columns) const { require_text(columns, itself); }

Footprint CountVectorizer::footprint(Index, Index, std::span<const Candidate> batch) const {
  return least_for_terms(batch.size());
}

std::vector<Trained> CountVectorizer::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<TermRequest> requests;
  for (const auto& c : batch) requests.push_back(term_request(c.params, itself, c.split));
  return train_terms(engine, table, requests);
}

std::shared_ptr<Model> CountVectorizer::load_fitted(const AttributeReader& in) const {
  return load_terms(in, term_request(params(), itself, nullptr));
}

}  // namespace superstep
