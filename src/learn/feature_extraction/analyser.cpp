// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/analyser.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

#include "learn/feature_extraction/characters.hpp"
#include "learn/feature_extraction/text_tables.hpp"

namespace superstep {

namespace {

bool is_space(char32_t c) { return (characters::properties()[c] & characters::space) != 0; }

void lower_ascii(std::string_view text, std::string& out) {
  out.resize(text.size());
  std::ranges::transform(text, out.begin(), [](char c) {
    const unsigned byte = static_cast<unsigned char>(c);
    return static_cast<char>(byte + (byte - 'A' < 26U ? 32U : 0U));
  });
}

}  // namespace

std::vector<std::string> english_stop_words() {
  std::vector<std::string> words;
  std::string_view rest = text_tables::english_stop_words;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

Analyser::Analyser(AnalyserOptions options) : options_(std::move(options)) {
  const bool is_word = options_.analyzer == "word";
  if (options_.least_n < 1 || options_.most_n < options_.least_n) {
    throw UsageError(
        fmt::format("ngram_range=({}, {}): the first is to be 1 or more, and not above "
                    "the second",
                    options_.least_n, options_.most_n));
  }
  if (is_word) {
    pattern_.emplace(options_.token_pattern);
    for (const std::string& word : options_.stop_words) stop_words_.add(word);
  }
  is_simple_ = is_word && options_.most_n == 1 && stop_words_.size() == 0;
}

std::string_view Analyser::decode(std::string_view text, Scratch& scratch) const {
  characters::BadBytes bad = characters::find_bad(text);
  if (bad.size == 0) return text;
  if (options_.decode_error == "strict") {
    throw DataError(
        fmt::format("byte {} of a text is no UTF-8; decode_error='replace' or 'ignore' "
                    "goes on",
                    bad.begin));
  }
  scratch.valid.clear();
  while (bad.size > 0) {
    scratch.valid += text.substr(0, bad.begin);
    if (options_.decode_error == "replace") append_utf8(scratch.valid, 0xFFFD);
    text.remove_prefix(bad.begin + bad.size);
    bad = characters::find_bad(text);
  }
  return scratch.valid += text;
}

std::string_view Analyser::prepare(std::string_view text, Scratch& scratch) const {
  if (characters::is_ascii(text)) {
    if (!options_.lowercase) return text;
    lower_ascii(text, scratch.lower);
    return scratch.lower;
  }
  text = decode(text, scratch);
  if (options_.lowercase) {
    characters::lower(text, scratch.lower);
    text = scratch.lower;
  }
  if (!options_.strip_accents.empty()) {
    characters::strip_accents(text, options_.strip_accents == "ascii", scratch.plain);
    text = scratch.plain;
  }
  return text;
}

void Analyser::collect_words(std::string_view text, Scratch& s) const {
  s.tokens.clear();
  s.begins.clear();
  s.ends.clear();
  pattern_->each(text, [&](const char* begin, const char* end) {
    const std::string_view token(begin, static_cast<std::size_t>(end - begin));
    if (stop_words_.find(token) >= 0) return;
    if (!s.begins.empty()) s.tokens += ' ';
    s.begins.push_back(s.tokens.size());
    s.tokens += token;
    s.ends.push_back(s.tokens.size());
  });
}

void Analyser::collect_characters(std::string_view text, Scratch& s, bool in_words) {
  s.tokens.clear();
  s.begins.clear();
  s.ends.clear();
  const auto put = [&](std::string_view character) {
    s.begins.push_back(s.tokens.size());
    s.tokens += character;
    s.ends.push_back(s.tokens.size());
  };
  if (in_words) put(" ");
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const char* begin = at;
    Index blanks = 0;
    const char* behind = at;
    while (at != end && is_space(characters::next(behind))) {
      at = behind;
      ++blanks;
    }
    if (blanks == 0) {
      put({begin, static_cast<std::size_t>(behind - begin)});
      at = behind;
    } else if (in_words) {
      if (s.tokens.back() != ' ') put(" ");
    } else {
      put(blanks == 1 ? std::string_view(begin, static_cast<std::size_t>(at - begin)) : " ");
    }
  }
  if (in_words && s.tokens.back() != ' ') put(" ");
}

}  // namespace superstep
