// SPDX-License-Identifier: BSD-3-Clause
// Characters as Python's str and re know them (text_tables::unicode_version), in UTF-8.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace superstep::characters {

/// What a character is; several may be true of one.
enum Property : std::uint8_t {
  word = 1,     ///< \w
  space = 2,    ///< \s
  decimal = 4,  ///< \d
  cased = 8,
  ignored = 16,   ///< when it is asked whether a sigma ends a word
  upper = 32,     ///< lower() changes it
  accented = 64,  ///< without its accents it is something else
};

/// A value for each character. Pages that are alike are kept once.
template <class T>
class Pages {
 public:
  explicit Pages(const std::vector<T>& values);
  T operator[](char32_t c) const { return pages_[of_[c >> 8]][c & 255]; }

 private:
  std::vector<std::uint16_t> of_;
  std::vector<std::array<T, 256>> pages_;
};

/// Properties of all characters; takes a millisecond on the first call.
const Pages<std::uint8_t>& properties();

/// The character that begins at `at` of a text that is UTF-8; `at` goes behind it.
inline char32_t next(const char*& at) {
  const auto byte = [&] { return static_cast<unsigned char>(*at++); };
  const char32_t first = byte();
  if (first < 0x80) return first;
  const char32_t second = byte() & 0x3FU;
  if (first < 0xE0) return (first & 0x1FU) << 6 | second;
  const char32_t third = byte() & 0x3FU;
  if (first < 0xF0) return (first & 0x0FU) << 12 | second << 6 | third;
  return (first & 0x07U) << 18 | second << 12 | third << 6 | (byte() & 0x3FU);
}
/// Where the character before `at` begins.
inline const char* before(const char* at) {
  do --at;
  while ((static_cast<unsigned char>(*at) & 0xC0U) == 0x80U);
  return at;
}

bool is_ascii(std::string_view text);

/// Bytes that are no UTF-8: where the first begins, and how many a replacement character stands
/// for, as bytes.decode() counts them. `size` 0: there are none.
struct BadBytes {
  std::size_t begin = 0;
  std::size_t size = 0;
};
BadBytes find_bad(std::string_view bytes);

/// str.lower().
void lower(std::string_view text, std::string& out);
/// scikit-learn's strip_accents_unicode, or, of which ASCII alone is left, strip_accents_ascii.
void strip_accents(std::string_view text, bool to_ascii, std::string& out);

}  // namespace superstep::characters
