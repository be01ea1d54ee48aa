// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/tfidf_vectorizer.hpp>

#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

const ParamTable<TfidfVectorizerParams>& TfidfVectorizer::param_table() {
  using P = TfidfVectorizerParams;
  static const auto table = with_tfidf_params(with_vocabulary_params(with_text_params(ParamTable<P>(
      "TfidfVectorizer", "Counts of the terms of texts, weighed by how few texts hold them."))));
  return table;
}

void TfidfVectorizer::check_params() const {
  WithParams::check_params();
  check_vocabulary_params();
}

TermRequest TfidfVectorizer::request(const SplitPtr& split) const {
  const TfidfVectorizerParams& p = params();
  TermRequest request = term_request(p, name(), split);
  request.use_idf = p.use_idf;
  request.smooth_idf = p.smooth_idf;
  request.weights = {.norm = p.norm.value_or(""), .sublinear = p.sublinear_tf};
  return request;
}

}  // namespace superstep
