// SPDX-License-Identifier: BSD-3-Clause
// scikit-learn's CountVectorizer: a column for each term, with how often it stands in a text.
#pragma once

#include <superstep/learn/feature_extraction/text_vectorizer.hpp>

namespace superstep {

struct CountVectorizerParams : VocabularyParams {};

class CountVectorizer final
    : public WithParams<CountVectorizer, CountVectorizerParams, VocabularyVectorizer> {
 public:
  using WithParams::WithParams;
  static const ParamTable<CountVectorizerParams>& param_table();
  void check_params() const override;
  const VocabularyParams& vocabulary_params() const override { return params(); }
  TermRequest request(const SplitPtr& split) const override;
};

}  // namespace superstep
