// SPDX-License-Identifier: BSD-3-Clause
#include "app/layout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace superstep::app {

std::string wrapped(std::string_view text, std::size_t column) {
  constexpr std::size_t width = 80;
  std::string out;
  std::size_t at = column;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (at > column && at + 1 + word.size() > width) {
      out += "\n" + std::string(column, ' ');
      at = column;
    } else if (at > column) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return out;
}

std::string entry(std::string_view name, std::string_view text, std::size_t column) {
  const std::string left = fmt::format("  {}", name);
  const bool fits = left.size() < column;
  return fmt::format(
      "{}{}{}\n", left,
      fits ? std::string(column - left.size(), ' ') : "\n" + std::string(column, ' '),
      wrapped(text, column));
}

std::string listed(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace superstep::app
