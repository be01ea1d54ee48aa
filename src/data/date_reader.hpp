// SPDX-License-Identifier: BSD-3-Clause
// Dates and times of day, part by part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace superstep {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

inline std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
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

inline int days_of_month(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/// Days since 1970-01-01; years begin in March, so that the leap day is their last.
inline std::int64_t day_number(int year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

}  // namespace superstep
