// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/token_pattern.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {

namespace {

constexpr Index any_number = std::numeric_limits<Index>::max();
/// Repeats in one alternative: looking back costs a power of it.
constexpr std::size_t most_items = 16;

/// Merges repetitions of one class that stand side by side.
Index sum_of(Index a, Index b) { return a > any_number - b ? any_number : a + b; }

bool is_word(char32_t c) { return (characters::properties()[c] & characters::word) != 0; }

}  // namespace

void CharacterClass::add(char32_t first, char32_t last) { ranges_.emplace_back(first, last); }

void CharacterClass::add(characters::Property property, bool without) {
  if (without) {
    without_ |= property;
  } else {
    with_ |= property;
  }
}

void CharacterClass::finish() {
  std::ranges::sort(ranges_);
  for (char32_t c = 0; c < 128; ++c) ascii_[c] = look(c);
}

bool CharacterClass::look(char32_t c) const {
  const std::uint8_t p = characters::properties()[c];
  const bool is_in = (p & with_) != 0 || (~p & without_) != 0 ||
                     std::ranges::any_of(ranges_, [&](const auto& range) {
                       return range.first <= c && c <= range.second;
                     });
  return is_in != is_negated_;
}

/// Reads a pattern from its left to its right.
class TokenPattern::Parser {
 public:
  explicit Parser(const std::string& pattern) : pattern_(pattern), rest_(pattern) {}

  std::vector<Sequence> alternatives() {
    if (rest_.starts_with("(?u)")) rest_.remove_prefix(4);
    std::vector<Sequence> all(1);
    while (!rest_.empty()) {
      if (take('|')) {
        all.emplace_back();
      } else {
        all.back().push_back(item());
      }
    }
    for (const Sequence& one : all) check(one);
    return all;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw UsageError(
        fmt::format("token_pattern {}: {}; a pattern is made of characters and classes such as \\w "
                    "and [a-z0-9], "
                    "each with +, *, ? or {{m,n}}, of \\b, and of | between alternatives",
                    pattern_, why));
  }
  void check(const Sequence& one) const {
    Index least = 0;
    for (const Item& item : one) least = sum_of(least, item.is_boundary ? 0 : item.least);
    if (least == 0) refuse("it would match nothing at all");
    if (one.size() > most_items) refuse(fmt::format("it has more than {} parts", most_items));
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char32_t character() {
    if (rest_.empty()) refuse("it ends too early");
    const DecodedChar c = decode_utf8(rest_);
    if (!c.valid) refuse("it is no UTF-8");
    rest_.remove_prefix(c.length);
    return c.code;
  }

  Item item() {
    Item made;
    if (rest_.starts_with("\\b")) {
      rest_.remove_prefix(2);
      made.is_boundary = true;
      if (!rest_.empty() && std::string_view("+*?{").find(rest_.front()) != std::string_view::npos)
        refuse("\\b is repeated");
      return made;
    }
    made.one = one();
    quantifier(made);
    return made;
  }

  CharacterClass one() {
    CharacterClass made;
    if (take('[')) {
      bracket(made);
    } else if (take('\\')) {
      const char32_t c = escaped(made);
      if (c != 0) made.add(c, c);
    } else {
      const char32_t c = character();
      if (std::u32string_view(U"()^$*+?{}").find(c) != std::u32string_view::npos) {
        refuse(fmt::format("'{}' is not taken there", static_cast<char>(c)));
      }
      if (c == U'.') {
        made.add(U'\n', U'\n');
        made.negate();
      } else {
        made.add(c, c);
      }
    }
    made.finish();
    return made;
  }

  /// The character that is meant, or 0 where it was a class.
  char32_t escaped(CharacterClass& into) {
    const char32_t c = character();
    switch (c) {
      case U'w':
      case U'W':
        into.add(characters::word, c == U'W');
        return 0;
      case U's':
      case U'S':
        into.add(characters::space, c == U'S');
        return 0;
      case U'd':
      case U'D':
        into.add(characters::decimal, c == U'D');
        return 0;
      case U'n':
        return U'\n';
      case U't':
        return U'\t';
      case U'r':
        return U'\r';
      default:
        if (c >= 128 || (characters::properties()[c] & characters::word) != 0) {
          refuse(fmt::format("\\{} is not taken",
                             c < 128 ? std::string(1, static_cast<char>(c)) : "..."));
        }
        return c;
    }
  }

  void bracket(CharacterClass& into) {
    const bool is_negated = take('^');
    bool is_first = true;
    while (is_first || rest_.empty() || rest_.front() != ']') {
      is_first = false;
      const char32_t first = member(into);
      if (rest_.size() > 1 && rest_.front() == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        const char32_t last = member(into);
        if (first == 0 || last == 0) refuse("a range in [] goes from or to a class such as \\w");
        if (last < first) refuse("a range in [] ends before it begins");
        into.add(first, last);
      } else if (first != 0) {
        into.add(first, first);
      }
    }
    take(']');
    if (is_negated) into.negate();
  }
  char32_t member(CharacterClass& into) { return take('\\') ? escaped(into) : character(); }

  Index number() {
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (digits == 0 || digits > 6) refuse("a number is missing, or too large, in {}");
    const Index value = std::stoll(std::string(rest_.substr(0, digits)));
    rest_.remove_prefix(digits);
    return value;
  }
  void quantifier(Item& item) {
    if (take('+')) {
      item.most = any_number;
    } else if (take('*')) {
      item.least = 0;
      item.most = any_number;
    } else if (take('?')) {
      item.least = 0;
    } else if (take('{')) {
      item.least = !rest_.empty() && rest_.front() == ',' ? 0 : number();
      item.most = item.least;
      if (take(',')) item.most = !rest_.empty() && rest_.front() == '}' ? any_number : number();
      if (!take('}')) refuse("{ is not closed");
      if (item.most < item.least) refuse("{m,n} has an m above its n");
    } else {
      return;
    }
    if (!rest_.empty() && std::string_view("+*?{").find(rest_.front()) != std::string_view::npos) {
      refuse("lazy and possessive repeats are not taken");
    }
  }

  const std::string& pattern_;
  std::string_view rest_;
};

TokenPattern::TokenPattern(const std::string& pattern)
    : alternatives_(Parser(pattern).alternatives()) {
  is_run_ = merge_to_run();
}

bool TokenPattern::merge_to_run() {
  if (alternatives_.size() != 1) return false;
  CharacterClass words;
  words.add(characters::word, false);
  words.finish();
  Item run;
  run.least = run.most = 0;
  bool has_inner = false;
  const Sequence& items = alternatives_.front();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_boundary) {
      has_inner = has_inner || (i > 0 && i + 1 < items.size());
      continue;
    }
    if (run.most > 0 && !(run.one == items[i].one)) return false;
    run.one = items[i].one;
    run.least = sum_of(run.least, items[i].least);
    run.most = sum_of(run.most, items[i].most);
  }
  // Around a run of \w there are boundaries anyway.
  const bool has_boundary = std::ranges::any_of(items, &Item::is_boundary);
  if (has_inner || run.most != any_number || (has_boundary && !(run.one == words))) return false;
  alternatives_ = {{run}};
  return true;
}

const char* TokenPattern::match(std::string_view text, const char* at) const {
  for (const Sequence& items : alternatives_) {
    if (const char* behind = match(text, at, items, 0)) return behind;
  }
  return nullptr;
}

const char* TokenPattern::match(std::string_view text, const char* at, const Sequence& items,
                                std::size_t item) const {
  if (item == items.size()) return at;
  const char* end = text.data() + text.size();
  const Item& wanted = items[item];
  if (wanted.is_boundary) {
    const char* behind = at;
    const bool left = at != text.data() && [&] {
      const char* it = characters::before(at);
      return is_word(characters::next(it));
    }();
    const bool right = at != end && is_word(characters::next(behind));
    return left != right ? match(text, at, items, item + 1) : nullptr;
  }
  Index count = 0;
  while (count < wanted.most && at != end) {
    const char* behind = at;
    if (!wanted.one.has(characters::next(behind))) break;
    at = behind;
    ++count;
  }
  // As many as there are; else one less, and so on.
  for (; count >= wanted.least; --count) {
    if (const char* behind = match(text, at, items, item + 1)) return behind;
    if (count == 0) break;
    at = characters::before(at);
  }
  return nullptr;
}

}  // namespace superstep
