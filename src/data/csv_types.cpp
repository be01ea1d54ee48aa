// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_types.hpp"

#include <charconv>
#include <cmath>
#include <string>

#include "data/date_reader.hpp"
#include "io/quick_number.hpp"

namespace superstep {

namespace {

/// Quoted cells may have blanks around what they hold.
std::string_view stripped(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  if (!text.empty() && text.front() > ' ' && text.back() > ' ') return text;  // nearly all
  const auto begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

/// Digits alone, `text`, behind a sign or none.
CellTypes whole_number(std::string_view text, bool is_negative) {
  CellTypes types{can_be::whole | can_be::number, 0};
  if (text.size() > 1 && text[0] == '0') types.marks |= has::leading_zero;
  constexpr std::size_t always_fits = 18;
  if (text.size() > always_fits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return types;
    constexpr std::uint64_t limit = std::uint64_t{1} << 63;
    if (!is_negative) types.types |= can_be::uint64;
    if (value < limit || (is_negative && value == limit)) types.types |= can_be::int64;
    return types;
  }
  types.types |= can_be::int64 | (is_negative ? std::uint8_t{0} : can_be::uint64);
  return types;
}

/// What parse_cell() takes, without converting it.
CellTypes number_types(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  std::size_t at = is_negative || text.starts_with('+') ? 1 : 0;
  const std::size_t first = at;
  const std::size_t before = digits_at(text, at);
  at += before;
  if (at == text.size() && before > 0) return whole_number(text.substr(first), is_negative);
  std::size_t behind = 0;
  if (at < text.size() && text[at] == '.') {
    behind = digits_at(text, ++at);
    at += behind;
  }
  const CellTypes number{can_be::number, 0};
  if (before + behind == 0) {
    // "inf" and "infinity".
    if (first == text.size() || (text[first] != 'i' && text[first] != 'I')) return {};
    const auto value = parse_cell(text);
    return value && !std::isnan(*value) ? number : CellTypes{};
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t exponent = digits_at(text, at);
    if (exponent == 0) return {};
    at += exponent;
  }
  return at == text.size() ? number : CellTypes{};
}

std::optional<std::int64_t> read_date(std::string_view text, std::uint8_t& marks) {
  if (text.size() < 10 || (text[4] != '-' && text[4] != '/') || text[7] != text[4]) {
    return std::nullopt;
  }
  DateReader in(text);
  const int year = in.number(4, 1, 9999);
  in.take(text[4]);
  const int month = in.number(2, 1, 12);
  in.take(text[7]);
  const int day = in.number(2, 1, 31);
  if (in.fails() || day > days_of_month(year, month)) return std::nullopt;
  std::int64_t seconds = day_number(year, month, day) * 86'400;
  if (in.at_end()) return seconds * 1'000'000;

  std::int64_t fraction = 0;
  bool is_cut = false;
  in.require(in.take('T') || in.take(' '));
  seconds += 3600 * in.number(2, 0, 23);
  in.require(in.take(':'));
  seconds += 60 * in.number(2, 0, 59);
  if (in.take(':')) {
    seconds += in.number(2, 0, 59);
    if (in.take('.')) fraction = in.fraction(is_cut);
  }
  bool has_zone = in.take('Z');
  if (!has_zone && !in.at_end()) {
    has_zone = true;
    const int sign = in.take('-') ? -1 : 1;
    if (sign > 0) in.require(in.take('+'));
    seconds -= sign * 3600 * in.number(2, 0, 23);
    in.require(in.take(':'));
    seconds -= sign * 60 * in.number(2, 0, 59);
  }
  if (in.fails() || !in.at_end()) return std::nullopt;
  if (has_zone) marks |= has::zone;
  if (is_cut) marks |= has::nanoseconds;
  return seconds * 1'000'000 + fraction;
}

template <class T>
std::optional<T> parse_whole(std::string_view cell, const NumberStyle& style) {
  std::string_view text = stripped(cell);
  std::optional<std::string> plain;
  if (!style.is_plain()) {
    plain = in_plain_style(text, style);
    if (!plain) return std::nullopt;
    text = *plain;
  }
  if (text.starts_with('+')) text.remove_prefix(1);
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

CellTypes types_of(std::string_view cell, const NumberStyle& style) {
  const std::string_view text = stripped(cell);
  if (text.empty()) return {};
  CellTypes types;
  if (style.is_plain()) {
    types = number_types(text);
  } else if (const auto plain = in_plain_style(text, style)) {
    types = number_types(*plain);
  }
  if (types.types != 0) return types;
  if (const auto boolean = parse_boolean(text)) {
    return {can_be::boolean, *boolean ? has::true_word : has::false_word};
  }
  if (read_date(text, types.marks)) types.types = can_be::date;
  return types;
}

CellTypes quick_types_of(std::string_view cell) {
  const NumberShape shape = NumberShape::of(cell);
  if (!shape.is_number) return {};
  if (shape.is_whole) return whole_number(cell.substr(shape.begin), shape.is_negative);
  return {can_be::number, 0};
}

CellTypes types_of(std::string_view cell, const CsvColumns::Forced& forced,
                   const CellStyle& style) {
  if (!forced.date) return types_of(cell, style.numbers);
  CellTypes types;
  if (forced.date->parse(stripped(cell), types.marks)) types.types = can_be::date;
  return types;
}

std::optional<std::int64_t> parse_date(std::string_view cell) {
  std::uint8_t marks = 0;
  return read_date(stripped(cell), marks);
}

std::optional<std::int64_t> parse_int64(std::string_view cell, const NumberStyle& style) {
  return parse_whole<std::int64_t>(cell, style);
}

std::optional<std::uint64_t> parse_uint64(std::string_view cell, const NumberStyle& style) {
  return parse_whole<std::uint64_t>(cell, style);
}

std::optional<bool> parse_boolean(std::string_view cell) {
  const std::string_view text = stripped(cell);
  if (text == "True" || text == "TRUE" || text == "true") return true;
  if (text == "False" || text == "FALSE" || text == "false") return false;
  return std::nullopt;
}

}  // namespace superstep
