// SPDX-License-Identifier: BSD-3-Clause
// Numbers as nearly all cells write them, fast: what they look like without converting them, and
// their values, correctly rounded. Whoever gets nothing here asks parse_cell(), which gives the
// same bits and knows more. Cells are those of CsvCursor: CsvField::readable bytes may be read.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "io/byte_block.hpp"

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

inline NumberShape NumberShape::of(std::string_view cell) {
  const auto run_of = [](std::uint64_t bits, unsigned from) {
    return static_cast<unsigned>(std::countr_one(bits >> from));
  };
  NumberShape shape;
  const auto n = static_cast<unsigned>(cell.size());
  if (n == 0 || cell.size() >= ByteBlock::size) return shape;
  const std::uint64_t digits =
      ByteBlock(cell.data()).digits() & ((std::uint64_t{1} << n) - 1);  // of this cell alone
  shape.is_negative = cell[0] == '-';
  unsigned at = static_cast<unsigned>(shape.is_negative) | static_cast<unsigned>(cell[0] == '+');
  shape.begin = static_cast<std::uint8_t>(at);
  const unsigned before = run_of(digits, at);
  shape.before = static_cast<std::uint8_t>(before);
  at += before;
  if (at == n) {
    shape.is_number = shape.is_whole = before > 0;
    return shape;
  }
  if (cell[at] == '.') {
    const unsigned behind = run_of(digits, ++at);
    shape.behind = static_cast<std::uint8_t>(behind);
    at += behind;
  }
  if (shape.before + shape.behind == 0) return shape;
  if (at < n && (cell[at] == 'e' || cell[at] == 'E')) {
    ++at;
    shape.exponent = static_cast<std::uint8_t>(at);
    if (at < n && (cell[at] == '-' || cell[at] == '+')) ++at;
    const unsigned more = run_of(digits, at);
    if (more == 0) return shape;
    at += more;
  }
  shape.is_number = at == n;
  return shape;
}

}  // namespace superstep
