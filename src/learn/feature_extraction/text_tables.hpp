// SPDX-License-Identifier: BSD-3-Clause
// What Python's str knows of characters, and scikit-learn's English stop words: written by
// text_tables.py.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace superstep::text_tables {

extern const std::string_view unicode_version;

// Lengths of runs of characters: of those that are not of the kind, of those that are, and so on.
extern const std::vector<std::int32_t> words;     ///< \w: isalnum(), or _
extern const std::vector<std::int32_t> spaces;    ///< \s: isspace()
extern const std::vector<std::int32_t> decimals;  ///< \d: isdecimal()
extern const std::vector<std::int32_t> cased;     ///< of a final sigma's rule
extern const std::vector<std::int32_t> ignored;   ///< likewise
extern const std::vector<std::int32_t> accented;  ///< that NFKD without combining marks changes

/// What is written in their place, in their order, with a pilcrow between.
extern const std::string_view unaccented;
/// Characters that lower() changes, but for U+0130: the first, how many, how far apart, what is to
/// be added.
extern const std::vector<std::int32_t> lower;

/// In the order of the alphabet, a blank between.
extern const std::string_view english_stop_words;

}  // namespace superstep::text_tables
