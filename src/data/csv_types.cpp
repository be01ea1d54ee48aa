// SPDX-License-Identifier: BSD-3-Clause
#include "data/csv_types.hpp"

#include <charconv>
#include <cmath>
#include <string>

namespace superstep {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Quoted cells may have blanks around what they hold.
std::string_view stripped(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  const auto begin = text.find_first_not_of(spaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
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

/// Reads one part after the other; what does not fit ends in `fails`.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool fails() const { return fails_; }
  bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    const bool is_there = at_ < text_.size() && text_[at_] == c;
    at_ += is_there ? 1 : 0;
    return is_there;
  }
  void require(bool holds) { fails_ = fails_ || !holds; }
  int number(std::size_t digits, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (at_ == text_.size() || !is_digit(text_[at_])) {
        fails_ = true;
        return least;
      }
      value = 10 * value + (text_[at_++] - '0');
    }
    require(value >= least && value <= most);
    return value;
  }
  /// Of a second: up to nine digits, in microseconds.
  std::int64_t fraction(bool& is_cut) {
    constexpr std::size_t most = 9;
    const std::size_t n = digits_at(text_, at_);
    require(n >= 1 && n <= most);
    std::int64_t value = 0;
    for (std::size_t i = 0; i < 6; ++i) {
      value = 10 * value + (i < n ? text_[at_ + i] - '0' : 0);
    }
    for (std::size_t i = 6; i < n; ++i) is_cut = is_cut || text_[at_ + i] != '0';
    at_ += n;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool fails_ = false;
};

int days_of_month(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/// Days since 1970-01-01; years begin in March, so that the leap day is their last.
std::int64_t day_number(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

std::optional<std::int64_t> read_date(std::string_view text, std::uint8_t& marks) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  DateReader in(text);
  const int year = in.number(4, 1, 9999);
  in.take('-');
  const int month = in.number(2, 1, 12);
  in.take('-');
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
