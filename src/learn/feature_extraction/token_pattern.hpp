// SPDX-License-Identifier: BSD-3-Clause
// What is a token of a text: as much of Python's re as token patterns are made of.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <superstep/core/types.hpp>

#include "learn/feature_extraction/characters.hpp"

namespace superstep {

/// A set of characters: \w, [a-z0-9], [^\s], '.', a letter.
class CharacterClass {
 public:
  void add(char32_t first, char32_t last);
  /// Those with the property, or all others.
  void add(characters::Property property, bool without);
  void negate() { is_negated_ = !is_negated_; }
  /// Before it is asked.
  void finish();

  bool has(char32_t c) const { return c < 128 ? ascii_[c] : look(c); }
  bool has_ascii(unsigned char c) const { return ascii_[c]; }
  bool operator==(const CharacterClass& other) const = default;

 private:
  bool look(char32_t c) const;

  std::vector<std::pair<char32_t, char32_t>> ranges_;
  std::uint8_t with_ = 0;
  std::uint8_t without_ = 0;
  bool is_negated_ = false;
  std::array<bool, 128> ascii_{};
};

/// The matches of re.findall(pattern, text).
class TokenPattern {
 public:
  /// Classes of characters, each with +, *, ?, {m,n}; \b; alternatives between |; (?u) before all.
  /// UsageError of anything else, and of what matches nothing at all.
  explicit TokenPattern(const std::string& pattern);

  /// Calls use(begin, end) for each, as pointers into the text, which is UTF-8.
  template <class F>
  void each(std::string_view text, F&& use) const {
    if (is_run_) {
      each_run(text, use);
    } else {
      each_match(text, use);
    }
  }

 private:
  struct Item {
    CharacterClass one{};
    Index least = 1;
    Index most = 1;
    bool is_boundary = false;
  };
  using Sequence = std::vector<Item>;
  class Parser;

  const char* skip(const CharacterClass& one, const char* at, const char* end, bool wanted) const {
    while (at != end) {
      const auto byte = static_cast<unsigned char>(*at);
      if (byte < 128) {
        if (one.has_ascii(byte) != wanted) return at;
        ++at;
        continue;
      }
      const char* behind = at;
      if (one.has(characters::next(behind)) != wanted) return at;
      at = behind;
    }
    return at;
  }
  /// Whether at least so many characters are in between.
  static bool are_enough(const char* begin, const char* end, Index least) {
    for (; begin != end; --least) {
      if (least <= 1) return true;
      characters::next(begin);
    }
    return false;
  }
  template <class F>
  void each_run(std::string_view text, F&& use) const {
    const Item& run = alternatives_.front().front();
    const char* end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      const char* begin = skip(run.one, at, end, false);
      at = skip(run.one, begin, end, true);
      if (are_enough(begin, at, run.least)) use(begin, at);
    }
  }
  template <class F>
  void each_match(std::string_view text, F&& use) const {
    const char* end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      const char* behind = match(text, at);
      if (behind != nullptr) {
        use(at, behind);
        at = behind;
      } else {
        characters::next(at);
      }
    }
  }
  /// Behind the match that begins there; null: there is none.
  const char* match(std::string_view text, const char* at) const;
  const char* match(std::string_view text, const char* at, const Sequence& items,
                    std::size_t item) const;
  /// Whether the pattern is the runs of one class, and makes it one item.
  bool merge_to_run();

  std::vector<Sequence> alternatives_;
  bool is_run_ = false;
};

}  // namespace superstep
