// SPDX-License-Identifier: BSD-3-Clause
// The parameters of scikit-learn's vectorizers: their tables, and what the analyser wants of them.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <superstep/data/schema.hpp>
#include <superstep/learn/feature_extraction/text_vectorizer.hpp>

#include "learn/feature_extraction/analyser.hpp"
#include "learn/feature_extraction/term_training.hpp"
#include "learn/feature_extraction/vocabulary.hpp"

namespace superstep {

/// UsageError, with the estimator's name, of what is not taken.
AnalyserOptions analyser_options(const TextParams& params, const std::string& estimator);

/// DataError unless there is one column, of text.
void require_text(const Schema& columns, const std::string& estimator);

bool is_stop_words(const Value& value);
bool is_share_or_number(const Value& value);
bool is_vocabulary(const Value& value);
Frequency frequency_of(const Value& value);
/// Terms in the order of their columns; UsageError where they do not number columns.
std::vector<std::string> vocabulary_of(const Value& value, const std::string& estimator);

/// What a vectorizer with these parameters wants to know of the rows that train in a split.
TermRequest term_request(const VocabularyParams& params, const std::string& estimator,
                         const SplitPtr& split);
/// Columns, as far as the parameters tell.
Index most_terms(const VocabularyParams& params);
/// The model that TermModel::save wrote.
std::shared_ptr<Model> load_terms(const AttributeReader& in, const TermRequest& request);

template <class P>
ParamTable<P> with_text_params(ParamTable<P> table) {
  return std::move(table)
      .refuse("input", {"content"}, "the texts stand in the data")
      .refuse("encoding", {"utf-8", "utf8", "UTF-8"}, "texts are kept as UTF-8")
      .add("decode_error", &P::decode_error, one_of({"strict", "ignore", "replace"}),
           "what becomes of bytes that are no UTF-8")
      .add("strip_accents", &P::strip_accents, one_of({"ascii", "unicode"}),
           "letters without their accents, or of these ASCII alone")
      .add("lowercase", &P::lowercase, anything(), "whether letters are made small first")
      .refuse("preprocessor", {Value()}, "functions of Python's are not called")
      .refuse("tokenizer", {Value()}, "functions of Python's are not called; see token_pattern")
      .add("stop_words", &P::stop_words,
           satisfies("None, 'english' or a list of words", is_stop_words),
           "words that are no tokens")
      .add("token_pattern", &P::token_pattern, anything(),
           "what is a word: classes of characters with +, *, ?, {m,n}, \\b, and | between "
           "alternatives")
      .add("ngram_range", &P::ngram_range,
           satisfies("a pair of ints",
                     [](const Value& v) {
                       return v.is_sequence() && v.items().size() == 2 && v.items()[0].is_int() &&
                              v.items()[1].is_int();
                     }),
           "fewest and most neighbours that make a term")
      .add("analyzer", &P::analyzer, one_of({"word", "char", "char_wb"}),
           "terms are of words, of characters, or of characters within words");
}

template <class P>
ParamTable<P> with_vocabulary_params(ParamTable<P> table) {
  return std::move(table)
      .add("max_df", &P::max_df, satisfies("an int >= 1 or a float in [0, 1]", is_share_or_number),
           "no terms that stand in more texts, a number or a share of them")
      .add("min_df", &P::min_df, satisfies("an int >= 1 or a float in [0, 1]", is_share_or_number),
           "no terms that stand in fewer texts")
      .add("max_features", &P::max_features, at_least(1), "so many terms, the most frequent")
      .add("vocabulary", &P::vocabulary,
           satisfies("None, a list of terms or a dict of their columns", is_vocabulary),
           "the terms; None: those of the texts")
      .add("binary", &P::binary, anything(), "whether a term stands there instead of how often")
      .refuse("dtype", {"float64", "int64", "float", "int", "float32"}, "outputs are float64");
}

template <class P>
ParamTable<P> with_tfidf_params(ParamTable<P> table) {
  return std::move(table)
      .add("norm", &P::norm, one_of({"l1", "l2"}), "what the length of a row is; None: rows stay")
      .add("use_idf", &P::use_idf, anything(), "whether rare terms count for more")
      .add("smooth_idf", &P::smooth_idf, anything(),
           "as if there were one text more that holds every term")
      .add("sublinear_tf", &P::sublinear_tf, anything(), "1 + log(count) in place of a count");
}

}  // namespace superstep
