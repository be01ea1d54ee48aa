// SPDX-License-Identifier: BSD-3-Clause
// A place in a text that is being read, and the error message that points to it.
#pragma once

#include <string_view>

namespace superstep {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ == text_.size(); }
  std::size_t position() const { return position_; }
  std::string_view rest() const { return text_.substr(position_); }
  std::string_view since(std::size_t first) const { return text_.substr(first, position_ - first); }
  /// The character at the place or `ahead` of it, '\0' behind the end.
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  void advance(std::size_t count = 1) { position_ += count; }
  /// Steps over `c` if it is next.
  bool take(char c);
  /// Steps over blanks, newlines and # comments.
  void skip_blanks();

  /// UsageError in one line with an excerpt in which a ^ marks the place.
  [[noreturn]] void fail(std::string_view problem) const { fail_at(position_, problem); }
  [[noreturn]] void fail_at(std::size_t where, std::string_view problem) const;
  /// The same for "expected X".
  [[noreturn]] void fail_expected(std::string_view expected) const;

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
inline bool is_name_char(char c) { return is_name_start(c) || is_digit(c); }

}  // namespace superstep
