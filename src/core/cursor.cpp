// SPDX-License-Identifier: BSD-3-Clause
// Blanks, and the one-line message with the place in it.
#include "core/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <superstep/core/error.hpp>

namespace superstep {

bool Cursor::take(char c) {
  if (at_end() || peek() != c) return false;
  ++position_;
  return true;
}

void Cursor::skip_blanks() {
  while (!at_end()) {
    const char c = peek();
    if (c == '#') {
      while (!at_end() && peek() != '\n') ++position_;
    } else if (c == '\\' && peek(1) == '\n') {
      position_ += 2;
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++position_;
    } else {
      return;
    }
  }
}

void Cursor::fail_at(std::size_t where, std::string_view problem) const {
  const auto inside_character = [&](std::size_t i) {
    return i < text_.size() && (static_cast<unsigned char>(text_[i]) & 0xC0) == 0x80;
  };
  std::size_t first = where > 40 ? where - 40 : 0;
  while (inside_character(first)) ++first;
  std::size_t last = std::min(text_.size(), where + 20);
  while (inside_character(last)) ++last;
  std::string excerpt =
      fmt::format("{}{}^{}{}", first > 0 ? "..." : "", text_.substr(first, where - first),
                  text_.substr(where, last - where), last < text_.size() ? "..." : "");
  for (char& c : excerpt) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  std::size_t character = 1;
  for (std::size_t i = 0; i < where; ++i) character += inside_character(i) ? 0 : 1;
  throw UsageError(fmt::format("{} at character {}, see the ^: {}", problem, character, excerpt));
}

void Cursor::fail_expected(std::string_view expected) const {
  if (at_end()) fail(fmt::format("expected {}, but the text ends", expected));
  if (text_.substr(position_).starts_with("...")) {
    fail(
        fmt::format("expected {}: '...' stands for what scikit-learn's repr left out; write the "
                    "whole list",
                    expected));
  }
  const bool is_operator = std::string_view("+-*/%@<>=!&|.").find(peek()) != std::string_view::npos;
  fail(fmt::format("expected {}{}", expected,
                   is_operator ? " (nothing is computed here: write the value itself)" : ""));
}

}  // namespace superstep
