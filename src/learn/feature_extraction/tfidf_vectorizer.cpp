// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/tfidf_vectorizer.hpp>

#include "learn/feature_extraction/term_training.hpp"
#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

namespace {

constexpr const char* itself = "TfidfVectorizer";

TermRequest request_of(const TfidfVectorizerParams& p, const SplitPtr& split) {
  TermRequest request = term_request(p, itself, split);
  request.use_idf = p.use_idf;
  request.smooth_idf = p.smooth_idf;
  request.weights = {.norm = p.norm.value_or(""), .sublinear = p.sublinear_tf};
  return request;
}

}  // namespace

const ParamTable<TfidfVectorizerParams>& TfidfVectorizer::param_table() {
  using P = TfidfVectorizerParams;
  static const auto table = with_tfidf_params(with_vocabulary_params(with_text_params(
      ParamTable<P>(itself, "Counts of the terms of texts, weighed by how few texts hold them."))));
  return table;
}

void TfidfVectorizer::check_params() const {
  EstimatorOf::check_params();
  analyser_options(params(), itself);
  if (!params().vocabulary.is_none()) vocabulary_of(params().vocabulary, itself);
}

void TfidfVectorizer::check_columns(const Schema& columns) const { require_text(columns, itself); }

Footprint TfidfVectorizer::footprint(Index, Index, std::span<const Candidate> batch) const {
  return least_for_terms(batch.size());
}

std::vector<Trained> TfidfVectorizer::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<TermRequest> requests;
  for (const auto& c : batch) requests.push_back(request_of(c.params, c.split));
  return train_terms(engine, table, requests);
}

std::shared_ptr<Model> TfidfVectorizer::load_fitted(const AttributeReader& in) const {
  return load_terms(in, request_of(params(), nullptr));
}

}  // namespace superstep
