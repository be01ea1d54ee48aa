// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/feature_extraction/count_vectorizer.hpp>

#include "learn/feature_extraction/text_options.hpp"

namespace superstep {

const ParamTable<CountVectorizerParams>& CountVectorizer::param_table() {
  using P = CountVectorizerParams;
  static const auto table = with_vocabulary_params(with_text_params(
      ParamTable<P>("CountVectorizer",
                    "A column for each term of the texts, with how often it stands in each.")));
  return table;
}

void CountVectorizer::check_params() const {
  WithParams::check_params();
  check_vocabulary_params();
}

TermRequest CountVectorizer::request(const SplitPtr& split) const {
  return term_request(params(), name(), split);
}

}  // namespace superstep
