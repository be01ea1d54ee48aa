// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's TfidfVectorizer: what CountVectorizer and TfidfTransformer make one after the
// other, with one look at the texts.
#pragma once

#include <superstep/learn/feature_extraction/text_vectorizer.hpp>
#include <superstep/learn/feature_extraction/tfidf_transformer.hpp>

namespace superstep {

struct TfidfVectorizerParams : VocabularyParams, TfidfTransformerParams {};

class TfidfVectorizer final
    : public WithParams<TfidfVectorizer, TfidfVectorizerParams, VocabularyVectorizer> {
 public:
  using WithParams::WithParams;
  static const ParamTable<TfidfVectorizerParams>& param_table();
  void check_params() const override;
  const VocabularyParams& vocabulary_params() const override { return params(); }
  TermRequest request(const SplitPtr& split) const override;
};

}  // namespace superstep
