// SPDX-License-Identifier: BSD-3-Clause
// Text in columns for a terminal of eighty.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace superstep::app {

/// The words of `text` in lines of at most 80 letters; the first line starts in column `column`,
/// the others are indented that far.
std::string wrapped(std::string_view text, std::size_t column);

/// "  NAME         text, wrapped", the text from column `column` on: below a name too long for it.
std::string entry(std::string_view name, std::string_view text, std::size_t column = 20);

/// "a, b, c".
std::string listed(const std::vector<std::string>& names);

}  // namespace superstep::app
