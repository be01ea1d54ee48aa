// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/text_options.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

bool are_strings(const Value::Items& items) {
  return std::ranges::all_of(items, &Value::is_string);
}

}  // namespace

bool is_stop_words(const Value& value) {
  return value.is_none() || value == Value("english") ||
         (value.is_sequence() && are_strings(value.items()));
}

bool is_share_or_number(const Value& value) {
  if (value.is_int()) return value.as_int() >= 1;
  return value.is_real() && value.as_double() >= 0.0 && value.as_double() <= 1.0;
}

bool is_vocabulary(const Value& value) {
  if (value.is_dict()) {
    return std::ranges::all_of(value.entries(), [](const auto& entry) {
      return entry.first.is_string() && entry.second.is_int();
    });
  }
  return value.is_none() || (value.is_sequence() && are_strings(value.items()));
}

Frequency frequency_of(const Value& value) {
  if (value.is_int()) return Index{value.as_int()};
  return value.as_double();
}

std::vector<std::string> vocabulary_of(const Value& value, const std::string& estimator) {
  std::vector<std::string> terms;
  if (value.is_sequence()) {
    for (const Value& term : value.items()) terms.push_back(term.as_string());
  } else {
    const auto count = std::ssize(value.entries());
    terms.resize(static_cast<std::size_t>(count));
    std::vector<bool> taken(terms.size(), false);
    for (const auto& [term, column] : value.entries()) {
      const std::int64_t c = column.as_int();
      if (c < 0 || c >= count || taken[static_cast<std::size_t>(c)]) {
        throw UsageError(
            fmt::format("{}: vocabulary gives '{}' column {}; {} terms have the "
                        "columns 0 to {}, each one",
                        estimator, term.as_string(), c, count, count - 1));
      }
      taken[static_cast<std::size_t>(c)] = true;
      terms[static_cast<std::size_t>(c)] = term.as_string();
    }
  }
  if (terms.empty()) throw UsageError(estimator + ": vocabulary holds no terms");
  std::vector<std::string> sorted = terms;
  std::ranges::sort(sorted);
  const auto doubled = std::ranges::adjacent_find(sorted);
  if (doubled != sorted.end()) {
    throw UsageError(fmt::format("{}: vocabulary holds '{}' twice", estimator, *doubled));
  }
  return terms;
}

AnalyserOptions analyser_options(const TextParams& params, const std::string& estimator) {
  AnalyserOptions options;
  options.decode_error = params.decode_error;
  options.strip_accents = params.strip_accents.value_or("");
  options.lowercase = params.lowercase;
  options.token_pattern = params.token_pattern;
  if (params.stop_words.is_string()) {
    options.stop_words = english_stop_words();
  } else if (params.stop_words.is_sequence()) {
    for (const Value& word : params.stop_words.items()) {
      options.stop_words.push_back(word.as_string());
    }
  }
  options.least_n = params.ngram_range.items()[0].as_int();
  options.most_n = params.ngram_range.items()[1].as_int();
  options.analyzer = params.analyzer;
  try {
    Analyser{options};
  } catch (const UsageError& e) {
    throw UsageError(estimator + ": " + e.what());
  }
  return options;
}

Index most_terms(const VocabularyParams& params) {
  constexpr Index usual = 1000;
  const Value& v = params.vocabulary;
  if (v.is_sequence()) return std::ssize(v.items());
  if (v.is_dict()) return std::ssize(v.entries());
  return params.max_features.value_or(usual);
}

TermRequest term_request(const VocabularyParams& params, const std::string& estimator,
                         const SplitPtr& split) {
  TermRequest request{.estimator = estimator, .split = split};
  request.analyser = analyser_options(params, estimator);
  request.limits = {frequency_of(params.max_df), frequency_of(params.min_df), params.max_features,
                    params.binary};
  if (!params.vocabulary.is_none())
    request.vocabulary = vocabulary_of(params.vocabulary, estimator);
  return request;
}

std::shared_ptr<Model> load_terms(const AttributeReader& in, const TermRequest& request) {
  Length terms;
  std::vector<std::string> vocabulary;
  in("vocabulary_", vocabulary, terms);
  TermWeights weights = request.weights;
  if (request.use_idf) {
    Vector idf;
    in("idf_", idf, terms, allowed::positive);
    weights.idf.assign(idf.data(), idf.data() + idf.size());
  }
  const std::set<std::string_view> different(vocabulary.begin(), vocabulary.end());
  if (vocabulary.empty() || different.size() != vocabulary.size()) {
    throw DataError(fmt::format("{} holds a term twice, or none", in.path("vocabulary_")));
  }
  return std::make_shared<TermModel>(request.analyser, vocabulary, request.limits.binary,
                                     std::move(weights));
}

void require_text(const Schema& columns, const std::string& estimator) {
  if (columns.size() == 1 && columns[0].kind == ColumnKind::text) return;
  if (columns.size() != 1) {
    throw DataError(
        fmt::format("{} makes columns of one column of texts, and there are {}; name it "
                    "alone: --x /table/NAME, and the targets by --y /table/NAME",
                    estimator, columns.size()));
  }
  throw DataError(fmt::format(
      "{} makes columns of texts, and column '{}' holds {}", estimator, columns.name_of(0),
      columns[0].levels ? "categories, which OneHotEncoder() is for; import it with "
                          "--types NAME=text to keep texts"
                        : "numbers"));
}

}  // namespace superstep
