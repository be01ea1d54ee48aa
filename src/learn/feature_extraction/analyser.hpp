// SPDX-License-Identifier: BSD-3-Clause
// From a text to its terms, as scikit-learn's vectorizers do it (build_analyzer).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

#include "learn/feature_extraction/term_table.hpp"
#include "learn/feature_extraction/token_pattern.hpp"

namespace superstep {

struct AnalyserOptions {
  std::string decode_error = "strict";  ///< "ignore", "replace"
  std::string strip_accents{};          ///< "ascii", "unicode"; empty: they stay
  bool lowercase = true;
  std::string token_pattern = R"((?u)\b\w\w+\b)";
  std::vector<std::string> stop_words{};
  Index least_n = 1;  ///< of ngram_range
  Index most_n = 1;
  std::string analyzer = "word";  ///< "char", "char_wb"

  bool operator==(const AnalyserOptions& other) const = default;
};

/// scikit-learn's 318.
std::vector<std::string> english_stop_words();

/// Immutable; used by many threads.
class Analyser {
 public:
  /// What a thread works in.
  struct Scratch {
    std::string valid{};
    std::string lower{};
    std::string plain{};                ///< without accents
    std::string tokens{};               ///< with a blank between, of a word its characters
    std::vector<std::size_t> begins{};  ///< of tokens or characters there
    std::vector<std::size_t> ends{};
  };

  /// UsageError where it cannot be done as asked.
  explicit Analyser(AnalyserOptions options);
  const AnalyserOptions& options() const { return options_; }

  /// Calls use(term) for each in scikit-learn's order. What it is given lasts as long as the call.
  /// DataError where the text is no UTF-8 and decode_error is strict.
  template <class F>
  void terms(std::string_view text, Scratch& scratch, F&& use) const {
    const std::string_view ready = prepare(text, scratch);
    if (is_simple_) {
      pattern_->each(ready, [&](const char* begin, const char* end) {
        use(std::string_view(begin, static_cast<std::size_t>(end - begin)));
      });
    } else if (options_.analyzer == "word") {
      collect_words(ready, scratch);
      each_run(scratch, use);
    } else if (options_.analyzer == "char") {
      collect_characters(ready, scratch, false);
      each_run(scratch, use);
    } else {
      collect_characters(ready, scratch, true);
      each_in_words(scratch, use);
    }
  }

  /// Decoded, in lower case, without accents.
  std::string_view prepare(std::string_view text, Scratch& scratch) const;

 private:
  std::string_view decode(std::string_view text, Scratch& scratch) const;
  void collect_words(std::string_view text, Scratch& scratch) const;
  /// Blanks that follow each other become one; `in_words`: all blanks do, of any kind, and one
  /// stands before and behind all.
  static void collect_characters(std::string_view text, Scratch& scratch, bool in_words);

  /// n neighbours, for each n of ngram_range.
  template <class F>
  void each_run(const Scratch& s, F&& use) const {
    const Index count = std::ssize(s.begins);
    for (Index n = options_.least_n; n <= std::min(options_.most_n, count); ++n) {
      for (Index i = 0; i + n <= count; ++i) use(between(s, i, i + n));
    }
  }
  /// Likewise within each word and the blanks around it.
  template <class F>
  void each_in_words(Scratch& s, F&& use) const;
  static std::string_view between(const Scratch& s, Index first, Index end) {
    const std::size_t begin = s.begins[static_cast<std::size_t>(first)];
    const std::size_t behind = s.ends[static_cast<std::size_t>(end - 1)];
    return std::string_view(s.tokens).substr(begin, behind - begin);
  }

  AnalyserOptions options_;
  std::optional<TokenPattern> pattern_;
  TermTable stop_words_;
  bool is_simple_ = false;  ///< tokens are the terms
};

template <class F>
void Analyser::each_in_words(Scratch& s, F&& use) const {
  const Index count = std::ssize(s.begins);
  // Characters of words, each word between two blanks that it shares with its neighbours.
  for (Index first = 0; first + 1 < count;) {
    Index last = first + 1;
    while (s.tokens[s.begins[static_cast<std::size_t>(last)]] != ' ') ++last;
    const Index size = last - first + 1;
    for (Index n = options_.least_n; n <= options_.most_n; ++n) {
      for (Index i = 0; i == 0 || i + n <= size; ++i) {
        use(between(s, first + i, first + std::min(i + n, size)));
      }
      if (n >= size) break;  // a short word counts once
    }
    first = last;
  }
}

}  // namespace superstep
