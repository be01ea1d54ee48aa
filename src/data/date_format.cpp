// SPDX-License-Identifier: BSD-3-Clause
#include "data/date_format.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/data/import.hpp>
#include "data/csv_types.hpp"
#include "data/date_reader.hpp"

namespace superstep {

namespace {

constexpr std::string_view months[] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};
constexpr std::string_view days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                     "friday", "saturday", "sunday"};
constexpr std::string_view blanks = " \t";

/// What was read so far. What a format does not say is the first of its kind.
struct Moment {
  int year = 1970;
  int month = 1;
  int day = 1;
  int day_of_year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t microseconds = 0;
  std::int64_t zone_seconds = 0;
  bool has_zone = false;
  bool is_of_half = false;  ///< the hour counts from one to twelve
  bool is_afternoon = false;

  std::optional<std::int64_t> since_1970() const {
    if (day > days_of_month(year, month)) return std::nullopt;
    std::int64_t number = day_number(year, month, day);
    if (day_of_year > 0) {
      if (day_of_year == 366 && days_of_month(year, 2) == 28) return std::nullopt;
      number = day_number(year, 1, 1) + day_of_year - 1;
    }
    // As Python's strptime has it, AM and PM change nothing beside an hour of 24.
    const int h = is_of_half ? hour % 12 + (is_afternoon ? 12 : 0) : hour;
    const std::int64_t seconds = ((number * 24 + h) * 60 + minute) * 60 + second - zone_seconds;
    return seconds * 1'000'000 + microseconds;
  }
};

/// Goes through a cell as a format says.
class Reading {
 public:
  explicit Reading(std::string_view cell) : in_(cell) {}

  Moment moment;

  bool take(char directive) {
    switch (directive) {
      case 'Y':
        return number(4, 4, 1, 9999, moment.year);
      case 'y':
        if (!number(2, 2, 0, 99, moment.year)) return false;
        moment.year += moment.year < 69 ? 2000 : 1900;
        return true;
      case 'm':
        return number(1, 2, 1, 12, moment.month);
      case 'd':
      case 'e':
        return number(1, 2, 1, 31, moment.day);
      case 'j':
        return number(1, 3, 1, 366, moment.day_of_year);
      case 'H':
        moment.is_of_half = false;
        return number(1, 2, 0, 23, moment.hour);
      case 'I':
        moment.is_of_half = true;
        return number(1, 2, 1, 12, moment.hour);
      case 'M':
        return number(1, 2, 0, 59, moment.minute);
      case 'S':
        return number(1, 2, 0, 59, moment.second);
      case 'b':
      case 'B':
        return name(months, moment.month);
      case 'a':
      case 'A': {
        int day_of_week = 0;
        return name(days, day_of_week);
      }
      case 'f':
        return fraction();
      case 'p':
        return half();
      case 'z':
        return zone();
      default:
        return letter('%');
    }
  }
  bool letter(char c) {
    const bool is_there = at_ < in_.size() && in_[at_] == c;
    at_ += is_there ? 1 : 0;
    return is_there;
  }
  void pass_blanks() {
    while (at_ < in_.size() && blanks.find(in_[at_]) != std::string_view::npos) ++at_;
  }
  bool at_end() const { return at_ == in_.size(); }
  bool is_cut = false;

 private:
  bool number(std::size_t fewest, std::size_t most, int least, int greatest, int& value) {
    const std::size_t n = std::min(digits_at(in_, at_), most);
    if (n < fewest) return false;
    value = 0;
    for (const std::size_t end = at_ + n; at_ < end; ++at_) value = 10 * value + (in_[at_] - '0');
    return value >= least && value <= greatest;
  }
  /// The longest way a name is written that stands there: whole, or its first three letters.
  template <std::size_t n>
  bool name(const std::string_view (&names)[n], int& value) {
    const std::string rest = to_lower(std::string(in_.substr(at_, 9)));
    for (const std::size_t length : {std::string_view::npos, std::size_t{3}}) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::string_view word = names[i].substr(0, length);
        if (!rest.starts_with(word)) continue;
        at_ += word.size();
        value = static_cast<int>(i) + 1;
        return true;
      }
    }
    return false;
  }
  /// Up to nine digits.
  bool fraction() {
    const std::size_t n = digits_at(in_, at_);
    if (n < 1 || n > 9) return false;
    for (std::size_t i = 0; i < std::max<std::size_t>(n, 6); ++i) {
      const int digit = i < n ? in_[at_ + i] - '0' : 0;
      if (i < 6) moment.microseconds = 10 * moment.microseconds + digit;
      is_cut = is_cut || (i >= 6 && digit != 0);
    }
    at_ += n;
    return true;
  }
  bool half() {
    const std::string word = to_lower(std::string(in_.substr(at_, 2)));
    if (word != "am" && word != "pm") return false;
    moment.is_afternoon = word == "pm";
    at_ += 2;
    return true;
  }
  /// Z, +hhmm or +hh:mm.
  bool zone() {
    moment.has_zone = true;
    if (letter('Z')) return true;
    const int sign = letter('-') ? -1 : 1;
    if (sign > 0 && !letter('+')) return false;
    int hours = 0;
    int minutes = 0;
    if (!number(2, 2, 0, 23, hours)) return false;
    letter(':');
    if (!number(2, 2, 0, 59, minutes)) return false;
    moment.zone_seconds = sign * (3600 * std::int64_t{hours} + 60 * minutes);
    return true;
  }

  std::string_view in_;
  std::size_t at_ = 0;
};

/// Those that stand for several others are written out.
std::string written_out(const std::string& text) {
  std::string format;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_directive = text[i] == '%' && i + 1 < text.size();
    const char letter = is_directive ? text[i + 1] : ' ';
    if (letter == 'T' || letter == 'D' || letter == 'F' || letter == 'R') {
      format += letter == 'T'   ? "%H:%M:%S"
                : letter == 'D' ? "%m/%d/%y"
                : letter == 'F' ? "%Y-%m-%d"
                                : "%H:%M";
      ++i;
    } else {
      format += text[i];
      if (is_directive) format += text[++i];
    }
  }
  return format;
}

}  // namespace

DateFormat::DateFormat(std::string text) : text_(std::move(text)), format_(written_out(text_)) {
  constexpr std::string_view known = "YymdejHIMSbBaAfpz%";
  bool has_year = false;
  for (std::size_t i = 0; i < format_.size(); ++i) {
    if (format_[i] != '%') continue;
    const char letter = ++i < format_.size() ? format_[i] : '\0';
    if (letter == '\0' || known.find(letter) == std::string_view::npos) {
      throw UsageError(fmt::format(
          "--date: {} is no format of dates: '%{}' is not known; known are %Y %y %m %d %j %H %I %M "
          "%S %f %p %b %B %a %A %z %F %T %D %R and %%",
          text_, letter == '\0' ? "" : std::string(1, letter)));
    }
    has_year = has_year || letter == 'Y' || letter == 'y';
  }
  if (has_year) return;
  throw UsageError(
      fmt::format("--date: {} is no format of dates: it has no year, %Y or %y", text_));
}

std::optional<std::int64_t> DateFormat::parse(std::string_view cell, std::uint8_t& marks) const {
  Reading in(cell);
  in.pass_blanks();
  for (std::size_t i = 0; i < format_.size(); ++i) {
    const char c = format_[i];
    if (blanks.find(c) != std::string_view::npos) {
      in.pass_blanks();
      continue;
    }
    const bool fits = c == '%' ? in.take(format_[++i]) : in.letter(c);
    if (!fits) return std::nullopt;
  }
  in.pass_blanks();
  if (!in.at_end()) return std::nullopt;
  const auto since = in.moment.since_1970();
  if (!since) return std::nullopt;
  if (in.moment.has_zone) marks |= has::zone;
  if (in.is_cut) marks |= has::nanoseconds;
  return since;
}

void require_date_format(const std::string& format) { const DateFormat tried(format); }

}  // namespace superstep
