// SPDX-License-Identifier: BSD-3-Clause
#include "io/quick_number.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/byte_block.hpp"
#include "io/powers_of_five.hpp"

namespace superstep {

namespace {

static_assert(std::endian::native == std::endian::little, "the first digit is in the lowest byte");

constexpr std::uint64_t zeros = 0x3030303030303030;  // as text
constexpr unsigned most_digits = 19;                 // of a number below 2^64, whatever they are
constexpr unsigned padded_digits = 16;

constexpr std::uint64_t powers_of_ten[] = {1,
                                           10,
                                           100,
                                           1'000,
                                           10'000,
                                           100'000,
                                           1'000'000,
                                           10'000'000,
                                           100'000'000,
                                           1'000'000'000,
                                           10'000'000'000,
                                           100'000'000'000,
                                           1'000'000'000'000,
                                           10'000'000'000'000,
                                           100'000'000'000'000,
                                           1'000'000'000'000'000,
                                           10'000'000'000'000'000,
                                           100'000'000'000'000'000,
                                           1'000'000'000'000'000'000,
                                           10'000'000'000'000'000'000U};
constexpr double exact_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

std::uint64_t eight_bytes(const char* p) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, p, sizeof bytes);
  return bytes;
}

/// Of eight digits: pairs, then fours, then all are put together.
std::uint64_t eight_digits(std::uint64_t text) {
  constexpr std::uint64_t pairs = 0x000000FF000000FF;
  text -= zeros;
  text = text * 10 + (text >> 8);
  return ((text & pairs) * 0x000F424000000064 + ((text >> 16) & pairs) * 0x0000271000000001) >> 32;
}

/// Of n digits, n <= 24, that make less than 2^64.
std::uint64_t digits_value(const char* p, unsigned n) {
  std::uint64_t value = 0;
  if (const unsigned odd = n % 8; odd > 0) {
    value = eight_digits(eight_bytes(p) << (64 - 8 * odd) | zeros >> (8 * odd));
    p += odd;
  }
  for (unsigned i = n / 8; i > 0; --i, p += 8) {
    value = value * 100'000'000 + eight_digits(eight_bytes(p));
  }
  return value;
}

/// w 10^q by the 128 bits of 5^q, as Lemire has it (section 8, and the tie in section 9); nothing
/// where these are not enough, or the result is no normal number.
std::optional<double> product(std::uint64_t w, int q) {
  if (q < least_power_of_five || q > greatest_power_of_five) return std::nullopt;
  __extension__ using Wide = unsigned __int128;
  const int shift = std::countl_zero(w);
  w <<= shift;
  const PowerOfFive power = powers_of_five[q - least_power_of_five];
  Wide first = Wide{w} * power.high;
  if ((static_cast<std::uint64_t>(first >> 64) & 0x1FF) == 0x1FF) {
    first += (Wide{w} * power.low) >> 64;
  }
  const auto high = static_cast<std::uint64_t>(first >> 64);
  const auto low = static_cast<std::uint64_t>(first);
  if (low == ~std::uint64_t{0} && (q < -27 || q > 55)) return std::nullopt;
  const int upper = static_cast<int>(high >> 63);
  const int cut = upper + 64 - 52 - 3;
  std::uint64_t mantissa = high >> cut;
  // 2^(exponent - 1023) is the weight of the first bit.
  int exponent = ((152'170 + 65'536) * q >> 16) + 63 + upper - shift + 1023;
  const bool may_be_halfway = low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1;
  if (may_be_halfway && mantissa << cut == high) mantissa &= ~std::uint64_t{1};
  mantissa = (mantissa + (mantissa & 1)) >> 1;
  if (mantissa >= std::uint64_t{2} << 52) {
    mantissa = std::uint64_t{1} << 52;
    ++exponent;
  }
  if (exponent <= 0 || exponent >= 2047) return std::nullopt;
  mantissa &= ~(std::uint64_t{1} << 52);
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent) << 52 | mantissa);
}

/// Digits of a shape as one number; nothing when they are too many.
std::optional<std::uint64_t> significand(const char* digits, const NumberShape& shape) {
  const char* const fraction = digits + shape.before + 1;
  unsigned leading = 0;
  const unsigned all = shape.before + shape.behind;
  while (all - leading > most_digits) {
    const bool is_before = leading < shape.before;
    if (*(is_before ? digits + leading : fraction + leading - shape.before) != '0') {
      return std::nullopt;
    }
    ++leading;
  }
  if (shape.before > 24 || shape.behind > 24) return std::nullopt;
  const std::uint64_t whole = digits_value(digits, shape.before);
  if (shape.behind == 0) return whole;
  const std::uint64_t behind = digits_value(fraction, shape.behind);
  return whole == 0 ? behind : whole * powers_of_ten[shape.behind] + behind;
}

/// The first `n` of eight digits, with zeros behind them.
std::uint64_t padded_eight(const char* p, unsigned n) {
  const std::uint64_t kept = n >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * n)) - 1;
  return eight_digits((eight_bytes(p) & kept) | (zeros & ~kept));
}

/// Of one to three digits before the point and some behind it, 19 at most: as if there were 16
/// behind it, or more where there are. How many there are differs from cell to cell, so a branch
/// would cost more than the zeros do.
std::uint64_t usual_significand(const char* digits, const NumberShape& shape) {
  const unsigned behind = shape.behind;
  const char* const fraction = digits + shape.before + 1;
  const unsigned before = shape.before;
  const std::uint64_t whole =
      eight_digits(eight_bytes(digits) << (64 - 8 * before) | zeros >> (8 * before));
  const unsigned second = behind > 8 ? behind - 8 : 0;
  const std::uint64_t value = (whole * 100'000'000 + padded_eight(fraction, behind)) * 100'000'000 +
                              padded_eight(fraction + 8, second);
  if (behind <= padded_digits) return value;
  const unsigned more = behind - padded_digits;
  return value * powers_of_ten[more] + digits_value(fraction + padded_digits, more);
}

/// Of up to four digits; nothing when there are more.
std::optional<int> exponent_of(std::string_view cell, const NumberShape& shape) {
  if (shape.exponent == 0) return 0;
  std::size_t at = shape.exponent;
  const bool is_negative = cell[at] == '-';
  if (is_negative || cell[at] == '+') ++at;
  if (cell.size() - at > 4) return std::nullopt;
  int value = 0;
  for (; at < cell.size(); ++at) value = 10 * value + (cell[at] - '0');
  return is_negative ? -value : value;
}

}  // namespace

std::optional<double> quick_number(std::string_view cell) {
  const NumberShape shape = NumberShape::of(cell);
  if (!shape.is_number) return std::nullopt;
  const char* const text = cell.data() + shape.begin;
  const auto exponent = exponent_of(cell, shape);
  if (!exponent) return std::nullopt;
  const bool is_usual = shape.before >= 1 && shape.before <= 3 && shape.behind >= 1 &&
                        shape.before + shape.behind <= static_cast<int>(most_digits);
  std::optional<std::uint64_t> digits;
  int q = *exponent - shape.behind;
  if (is_usual) {
    digits = usual_significand(text, shape);
    q = *exponent - std::max<int>(shape.behind, padded_digits);
  } else {
    digits = significand(text, shape);
  }
  if (!digits) return std::nullopt;
  std::optional<double> value;
  if (*digits == 0) {
    value = 0.0;
  } else if (*digits <= std::uint64_t{1} << 53 && q >= -22 && q <= 22) {  // both are exact
    const auto w = static_cast<double>(*digits);
    value = q < 0 ? w / exact_powers_of_ten[-q] : w * exact_powers_of_ten[q];
  } else {
    value = product(*digits, q);
  }
  if (!value) return value;
  const std::uint64_t sign = std::uint64_t{shape.is_negative} << 63;  // no branch: it may be any
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(*value) | sign);
}

std::optional<std::int64_t> quick_whole_number(std::string_view cell) {
  constexpr unsigned always_fits = 18;
  const NumberShape shape = NumberShape::of(cell);
  if (!shape.is_whole || shape.before > always_fits) return std::nullopt;
  const auto value =
      static_cast<std::int64_t>(digits_value(cell.data() + shape.begin, shape.before));
  return shape.is_negative ? -value : value;
}

}  // namespace superstep
