// SPDX-License-Identifier: BSD-3-Clause
// Cells of a CSV file. In a target, what is in quotes is never a missing value, because classes may
// be called NA or None; in a feature it is, as pandas has it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <superstep/core/text.hpp>
#include <superstep/io/csv.hpp>

namespace superstep {

/// How a file writes what its cells hold.
struct CellStyle {
  std::vector<std::string> missing_words;  ///< beside those of is_missing()
  NumberStyle numbers;
  bool is_latin1 = false;  ///< else UTF-8

  /// Whether what looks like a number is one, and not a missing value, and what it says at once.
  bool has_plain_numbers() const { return numbers.is_plain() && missing_words.empty(); }
  bool stands_for_missing(std::string_view text) const {
    return std::ranges::find(missing_words, text) != missing_words.end();
  }
  /// In UTF-8: the bytes themselves, or what is kept in `converted`.
  std::string_view text(std::string_view bytes, std::string& converted) const {
    if (!is_latin1) return bytes;
    return converted = utf8_of_latin1(bytes);
  }
  std::string text(std::string_view bytes) const {
    std::string converted;
    return std::string(text(bytes, converted));
  }
};

inline bool is_missing_label(const CsvField& field, const CellStyle& style) {
  return field.text.empty() ||
         (!field.was_quoted && (is_missing(field.text) || style.stands_for_missing(field.text)));
}

/// Of a feature.
inline bool is_missing_value(const CsvField& field, const CellStyle& style) {
  const bool may_be_blank = field.text.empty() || field.text.front() <= ' ';
  return (may_be_blank && field.text.find_first_not_of(" \t\r\n") == std::string_view::npos) ||
         is_missing(field.text) || style.stands_for_missing(field.text);
}

/// The number of a target's or weight's cell, NaN for a missing one, or nothing; True and False,
/// as pandas writes them, are 1 and 0.
inline std::optional<double> feature_number(const CsvField& field, const CellStyle& style) {
  const std::optional<double> value = parse_cell(field.text, style.numbers);
  if (style.stands_for_missing(field.text)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (value) return value;
  if (field.text == "True" || field.text == "TRUE" || field.text == "true") return 1.0;
  if (field.text == "False" || field.text == "FALSE" || field.text == "false") return 0.0;
  return std::nullopt;
}

/// The number of a cell that is not missing, or nothing.
inline std::optional<double> label_number(const CsvField& field, const CellStyle& style) {
  const std::optional<double> value = parse_cell(field.text, style.numbers);
  return value && std::isnan(*value) ? std::nullopt : value;
}

/// Whether the cell is written as a whole number, digits alone, and `value`, what it was read as,
/// is another one.
inline bool is_inexact_integer(const CsvField& field, double value, const CellStyle& style) {
  if (std::fabs(value) < 0x1p53) return false;  // 2^53 + 1 is read as 2^53
  const std::string plain = in_plain_style(field.text, style.numbers).value_or("");
  std::string_view digits = plain;
  const auto blank_end = digits.find_last_not_of(" \t\r\n");
  digits = digits.substr(0, blank_end + 1);
  digits.remove_prefix(std::min(digits.find_first_not_of(" \t\r\n+-"), digits.size()));
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return !std::isfinite(value) || fmt::format("{:.0f}", std::fabs(value)) != digits;
}

}  // namespace superstep
