// SPDX-License-Identifier: BSD-3-Clause
// What a cell of a CSV file can be read as. A column can be read as what all its cells can be read
// as: an AND over them, which no order, piece or rank can change.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <superstep/io/csv.hpp>
#include "data/csv_columns.hpp"

namespace superstep {

/// Bits; every cell can be read as text besides, and a missing one as anything.
namespace can_be {
inline constexpr std::uint8_t boolean = 1;
inline constexpr std::uint8_t int64 = 2;
inline constexpr std::uint8_t uint64 = 4;
inline constexpr std::uint8_t whole = 8;  ///< digits alone, of any length
inline constexpr std::uint8_t number = 16;
inline constexpr std::uint8_t date = 32;
inline constexpr std::uint8_t anything = 63;
}  // namespace can_be

/// Bits that are collected with an OR: what the user may want to know of a column.
namespace has {
inline constexpr std::uint8_t leading_zero = 1;  ///< such as 01234, a number without its zero
inline constexpr std::uint8_t zone = 2;          ///< a time with a zone, which becomes UTC
inline constexpr std::uint8_t nanoseconds = 4;   ///< digits behind the microseconds, cut off
inline constexpr std::uint8_t true_word = 8;
inline constexpr std::uint8_t false_word = 16;
}  // namespace has

struct CellTypes {
  std::uint8_t types = 0;
  std::uint8_t marks = 0;
};

/// Of a cell that is not missing.
CellTypes types_of(std::string_view cell, const NumberStyle& style);
/// The same in a column whose dates may be written in a way of their own.
CellTypes types_of(std::string_view cell, const CsvColumns::Forced& forced, const CellStyle& style);

/// Of a cell of CsvCursor that is a number in plain style, as nearly all are written; nothing of
/// others, which types_of() knows.
CellTypes quick_types_of(std::string_view cell);

/// Microseconds since 1970 of YYYY-MM-DD[ T]hh:mm[:ss[.f]][Z|+hh:mm] or of the day alone, also with
/// YYYY/MM/DD, in the Gregorian calendar; a time without a zone is taken for UTC.
std::optional<std::int64_t> parse_date(std::string_view cell);
/// The whole number of a cell that can be one.
std::optional<std::int64_t> parse_int64(std::string_view cell, const NumberStyle& style);
std::optional<std::uint64_t> parse_uint64(std::string_view cell, const NumberStyle& style);
/// True, TRUE, true and so on.
std::optional<bool> parse_boolean(std::string_view cell);

}  // namespace superstep
