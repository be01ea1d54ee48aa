// SPDX-License-Identifier: BSD-3-Clause
// Numbers read fast are the numbers that the standard library reads, bit by bit.
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include <fmt/format.h>

#include <superstep/io/csv.hpp>
#include "io/quick_number.hpp"

namespace superstep {
namespace {

/// As CsvCursor has its cells: others lie behind them.
class Padded {
 public:
  explicit Padded(const std::string& text) : bytes_(text + ",1234567890"), size_(text.size()) {
    bytes_.append(CsvField::readable, '7');
  }
  std::string_view text() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  std::size_t size_;
};

class Counts {
 public:
  ~Counts() { EXPECT_GT(50 * quick_, 49 * all_) << "most are to be fast"; }
  void look_at(const std::string& text) {
    const Padded cell(text);
    const auto value = quick_number(cell.text());
    ++all_;
    if (!value) return;
    ++quick_;
    const std::size_t sign = text[0] == '+' ? 1 : 0;
    double expected = NAN;
    const auto [end, error] =
        std::from_chars(text.data() + sign, text.data() + text.size(), expected);
    ASSERT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*value), std::bit_cast<std::uint64_t>(expected)) << text;
  }

 private:
  std::int64_t all_ = 0;
  std::int64_t quick_ = 0;
};

constexpr int rounds = 400'000;

TEST(QuickNumber, ReadsDoublesWrittenShortest) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int> exponent(-180, 180);
  Counts counts;
  for (int i = 0; i < rounds; ++i) {
    const double value =
        std::ldexp(std::bit_cast<double>(0x3FF0000000000000 | random() >> 12), exponent(random)) *
        (random() % 2 == 0 ? 1 : -1);
    counts.look_at(fmt::format("{}", value));
    counts.look_at(fmt::format("{:.17e}", value));
  }
}

TEST(QuickNumber, ReadsDrawnDigits) {
  std::mt19937_64 random(2);
  Counts counts;
  for (int i = 0; i < 2 * rounds; ++i) {
    std::string text = random() % 4 == 0 ? "-" : random() % 8 == 0 ? "+" : "";
    const std::size_t digits = 1 + random() % 19;
    const std::size_t point = random() % (digits + 1);
    for (std::size_t d = 0; d < digits; ++d) {
      if (d == point) text += '.';
      text += static_cast<char>('0' + random() % 10);
    }
    const std::uint64_t kind = random() % 4;
    if (kind == 0) text += fmt::format("e{}", static_cast<int>(random() % 60) - 30);
    if (kind == 1) text += fmt::format("E+{:02}", random() % 30);
    counts.look_at(text);
  }
}

/// Halfway between two doubles, and beside it by one in the last digit.
TEST(QuickNumber, RoundsTiesToEven) {
  std::mt19937_64 random(3);
  Counts counts;
  for (int i = 0; i < rounds; ++i) {
    const unsigned shift = 1 + static_cast<unsigned>(random() % 10);
    const std::uint64_t mantissa = (std::uint64_t{1} << 52) | random() >> 12;
    const std::uint64_t tie = (2 * mantissa + 1) << (shift - 1);
    for (const std::uint64_t w : {tie - 1, tie, tie + 1}) {
      counts.look_at(std::to_string(w));
      counts.look_at(fmt::format("{}e{}", w, static_cast<int>(random() % 28) - 5));
    }
    // 5^k is in the last bits of what is halfway behind a decimal point.
    const std::uint64_t small = (random() >> 40 | 1) * 5;
    counts.look_at(fmt::format("{}.{}", mantissa >> 2, small % 2 == 0 ? "25" : "5"));
  }
}

TEST(QuickNumber, LeavesToOthersWhatIsNone) {
  for (const char* text : {"",       "-",
                           "+",      ".",
                           "e5",     "1e",
                           "1e+",    "1e5.0",
                           "1.2.3",  "--1",
                           "+-1",    "1 ",
                           " 1",     "0x10",
                           "1_000",  "inf",
                           "nan",    "1,5",
                           "-.e1",   "1-2",
                           "1e400",  "12345678901234567890123",
                           "1e-400", "4.9e-324"}) {
    EXPECT_FALSE(quick_number(Padded(text).text())) << text;
  }
  EXPECT_FALSE(quick_number(Padded(std::string(64, '0')).text()));
  EXPECT_TRUE(std::signbit(*quick_number(Padded("-0.0").text())));
  EXPECT_EQ(quick_number(Padded("0.00012345678901234567").text()), 0.00012345678901234567);
  EXPECT_EQ(quick_number(Padded("00000000000000000000000001").text()).value_or(1), 1);
  EXPECT_EQ(quick_number(Padded("1.").text()), 1.0);
  EXPECT_EQ(quick_number(Padded(".5").text()), 0.5);
}

TEST(QuickNumber, ReadsWholeNumbers) {
  EXPECT_EQ(quick_whole_number(Padded("-123456789012345678").text()), -123'456'789'012'345'678);
  EXPECT_EQ(quick_whole_number(Padded("+007").text()), 7);
  for (const char* text : {"1234567890123456789", "1.0", "1e3", "", "-", "x"}) {
    EXPECT_FALSE(quick_whole_number(Padded(text).text())) << text;
  }
  std::mt19937_64 random(4);
  for (int i = 0; i < rounds; ++i) {
    const auto value =
        static_cast<std::int64_t>(random() % 1'000'000'000'000'000'000U >> random() % 60);
    ASSERT_EQ(quick_whole_number(Padded(std::to_string(value)).text()), value);
    ASSERT_EQ(quick_whole_number(Padded(std::to_string(-value)).text()), -value);
  }
}

}  // namespace
}  // namespace superstep
