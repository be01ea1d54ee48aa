// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/characters.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <superstep/core/text.hpp>

#include "learn/feature_extraction/text_tables.hpp"

namespace superstep::characters {

namespace {

constexpr std::size_t all_characters = 0x110000;
constexpr char32_t capital_sigma = 0x3A3;
constexpr char32_t final_sigma = 0x3C2;
constexpr char32_t capital_i_with_dot = 0x130;
constexpr char32_t combining_dot = 0x307;

/// Calls use(c) for the characters that the runs hold.
template <class F>
void each_in(const std::vector<std::int32_t>& runs, F&& use) {
  char32_t c = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const char32_t end = c + static_cast<char32_t>(runs[i]);
    if (i % 2 == 0) c = end;
    for (; c < end; ++c) use(c);
  }
}

struct Distances {
  Pages<std::int32_t> pages;
  std::vector<char32_t> changed;
};

Distances make_distances() {
  std::vector<std::int32_t> values(all_characters, 0);
  std::vector<char32_t> changed = {capital_i_with_dot};
  const auto& runs = text_tables::lower;
  for (std::size_t i = 0; i < runs.size(); i += 4) {
    for (std::int32_t k = 0; k < runs[i + 1]; ++k) {
      const auto c = static_cast<char32_t>(runs[i] + k * runs[i + 2]);
      values[c] = runs[i + 3];
      changed.push_back(c);
    }
  }
  return {Pages<std::int32_t>(values), std::move(changed)};
}

const Distances& distances() {
  static const Distances all = make_distances();
  return all;
}

constexpr char32_t first_hangul = 0xAC00;
constexpr char32_t hangul_syllables = 11172;

bool is_hangul(char32_t c) { return c - first_hangul < hangul_syllables; }

/// Syllables are put together of two or three letters, by arithmetic.
void append_hangul(std::string& out, char32_t c) {
  const char32_t number = c - first_hangul;
  append_utf8(out, 0x1100 + number / 588);
  append_utf8(out, 0x1161 + number % 588 / 28);
  if (number % 28 != 0) append_utf8(out, 0x11A7 + number % 28);
}

/// What stands in the place of each accented character.
class Unaccented {
 public:
  Unaccented() {
    constexpr std::string_view pilcrow = "\u00b6";
    std::string_view rest = text_tables::unaccented;
    std::vector<std::uint16_t> number(all_characters, 0);
    each_in(text_tables::accented, [&](char32_t c) {
      const std::size_t end = std::min(rest.find(pilcrow), rest.size());
      number[c] = static_cast<std::uint16_t>(texts_.size());
      texts_.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + pilcrow.size(), rest.size()));
    });
    number_ = std::make_unique<Pages<std::uint16_t>>(number);
  }
  std::string_view of(char32_t c) const { return texts_[(*number_)[c]]; }

 private:
  std::vector<std::string_view> texts_;
  std::unique_ptr<Pages<std::uint16_t>> number_;
};

std::vector<std::uint8_t> make_properties() {
  std::vector<std::uint8_t> all(all_characters, 0);
  const auto set = [&](const std::vector<std::int32_t>& runs, Property property) {
    each_in(runs, [&](char32_t c) { all[c] |= property; });
  };
  set(text_tables::words, word);
  set(text_tables::spaces, space);
  set(text_tables::decimals, decimal);
  set(text_tables::cased, cased);
  set(text_tables::ignored, ignored);
  set(text_tables::accented, accented);
  for (char32_t c = first_hangul; is_hangul(c); ++c) all[c] |= accented;
  for (const char32_t c : distances().changed) all[c] |= upper;
  return all;
}

/// Whether a capital sigma there ends a word: it stands behind one and not before one.
bool ends_word(std::string_view text, const char* sigma, const char* behind) {
  const auto& of = properties();
  const char* at = sigma;
  bool is_behind = false;
  while (at != text.data()) {
    at = before(at);
    const char* it = at;
    const std::uint8_t p = of[next(it)];
    if ((p & ignored) != 0) continue;
    is_behind = (p & cased) != 0;
    break;
  }
  if (!is_behind) return false;
  const char* end = text.data() + text.size();
  for (at = behind; at != end;) {
    const std::uint8_t p = of[next(at)];
    if ((p & ignored) == 0) return (p & cased) == 0;
  }
  return true;
}

}  // namespace

template <class T>
Pages<T>::Pages(const std::vector<T>& values) {
  std::map<std::array<T, 256>, std::uint16_t> known;
  for (std::size_t first = 0; first < values.size(); first += 256) {
    std::array<T, 256> page;
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(first), 256, page.begin());
    const auto [at, is_new] = known.emplace(page, static_cast<std::uint16_t>(pages_.size()));
    if (is_new) pages_.push_back(page);
    of_.push_back(at->second);
  }
}

template class Pages<std::uint8_t>;

const Pages<std::uint8_t>& properties() {
  static const Pages<std::uint8_t> all(make_properties());
  return all;
}

bool is_ascii(std::string_view text) {
  unsigned char any = 0;
  for (const char c : text) any |= static_cast<unsigned char>(c);
  return any < 0x80;
}

BadBytes find_bad(std::string_view bytes) {
  const auto at = [&](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  std::size_t i = 0;
  while (i < bytes.size()) {
    const unsigned first = at(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4) return {i, 1};
    // The second byte is bounded more narrowly: no long forms, no surrogates, nothing past the end.
    const unsigned least = first == 0xE0 ? 0xA0U : first == 0xF0 ? 0x90U : 0x80U;
    const unsigned most = first == 0xED ? 0x9FU : first == 0xF4 ? 0x8FU : 0xBFU;
    if (at(i + 1) < least || at(i + 1) > most) return {i, 1};
    for (std::size_t k = 2; k < size; ++k) {
      if ((at(i + k) & 0xC0U) != 0x80U) return {i, k};
    }
    i += size;
  }
  return {};
}

void lower(std::string_view text, std::string& out) {
  const auto& of = properties();
  const auto& distance = distances().pages;
  const char* end = text.data() + text.size();
  out.clear();
  out.reserve(text.size());
  for (const char* at = text.data(); at != end;) {
    const char* begin = at;
    const char32_t c = next(at);
    if (c < 0x80) {
      out += static_cast<char>(c - U'A' < 26 ? c + 32 : c);
    } else if ((of[c] & upper) == 0) {
      out.append(begin, at);
    } else if (c == capital_sigma) {
      append_utf8(out, ends_word(text, begin, at) ? final_sigma : final_sigma + 1);
    } else if (c == capital_i_with_dot) {
      out += 'i';
      append_utf8(out, combining_dot);
    } else {
      append_utf8(out, c + static_cast<char32_t>(distance[c]));
    }
  }
}

void strip_accents(std::string_view text, bool to_ascii, std::string& out) {
  static const Unaccented unaccented;
  const auto& of = properties();
  const char* end = text.data() + text.size();
  out.clear();
  out.reserve(text.size());
  for (const char* at = text.data(); at != end;) {
    const char* begin = at;
    const char32_t c = next(at);
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if ((of[c] & accented) == 0) {
      out.append(begin, at);
    } else if (is_hangul(c)) {
      append_hangul(out, c);
    } else {
      out += unaccented.of(c);
    }
  }
  if (to_ascii) std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace superstep::characters
