// SPDX-License-Identifier: BSD-3-Clause
// Numbers as nearly all cells write them, fast: what they look like without converting them, and
// their values, correctly rounded. Whoever gets nothing here asks parse_cell(), which gives the
// same bits and knows more. Cells are those of CsvCursor: CsvField::readable bytes may be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace superstep {

/// A sign or none, digits with a decimal point among them or none, an exponent or none; nothing
/// else around.
struct NumberShape {
  bool is_number = false;
  bool is_whole = false;  ///< digits alone behind the sign
  bool is_negative = false;
  std::uint8_t begin = 0;     ///< of the digits
  std::uint8_t before = 0;    ///< digits before the point
  std::uint8_t behind = 0;    ///< and behind
  std::uint8_t exponent = 0;  ///< where its sign or its digits begin; 0: none

  static NumberShape of(std::string_view cell);
};

/// The double nearest to the number, what is halfway to the even one; nothing for other cells, and
/// for some numbers that are rare: of more than 19 digits, very large or very small.
std::optional<double> quick_number(std::string_view cell);
/// The whole number of at most 18 digits.
std::optional<std::int64_t> quick_whole_number(std::string_view cell);

}  // namespace superstep
