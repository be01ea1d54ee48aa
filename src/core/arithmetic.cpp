// SPDX-License-Identifier: BSD-3-Clause
#include "core/arithmetic.hpp"

#include <cmath>
#include <cstdint>

namespace superstep {

namespace {

constexpr std::string_view too_large = "an integer beyond 64 bits";
constexpr std::string_view by_zero = "a division by zero";

/// base ** exponent in at most 63 steps; none when it does not fit.
std::optional<std::int64_t> power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
  return result;
}

std::optional<Value> of_integers(std::int64_t a, std::string_view op, std::int64_t b,
                                 std::string_view& problem) {
  std::int64_t result = 0;
  bool fits = true;
  if (op == "+") {
    fits = !__builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    fits = !__builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    fits = !__builtin_mul_overflow(a, b, &result);
  } else if (op == "**") {
    const auto found = power(a, b);
    fits = found.has_value();
    result = found.value_or(0);
  } else if (b == 0) {
    problem = by_zero;
    return std::nullopt;
  } else if (b == -1) {  // a / -1 may not fit, a % -1 is 0
    fits = op == "%" || !__builtin_sub_overflow(std::int64_t{0}, a, &result);
  } else {
    const bool rounds_down = a % b != 0 && (a < 0) != (b < 0);
    result = op == "//" ? a / b - (rounds_down ? 1 : 0) : a % b + (rounds_down ? b : 0);
  }
  if (fits) return result;
  problem = too_large;
  return std::nullopt;
}

/// The remainder has the sign of b, as in Python.
double remainder(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0.0) return std::copysign(0.0, b);
  return (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}

std::optional<Value> of_reals(double a, std::string_view op, double b, std::string_view& problem) {
  double result = 0.0;
  const bool divides = op == "/" || op == "//" || op == "%";
  if ((divides && b == 0.0) || (op == "**" && a == 0.0 && b < 0.0)) {
    problem = by_zero;
    return std::nullopt;
  }
  if (op == "+") result = a + b;
  if (op == "-") result = a - b;
  if (op == "*") result = a * b;
  if (op == "/") result = a / b;
  if (op == "%") result = remainder(a, b);
  if (op == "//") result = std::round((a - remainder(a, b)) / b);
  if (op == "**") result = std::pow(a, b);
  if (std::isfinite(a) && std::isfinite(b) && !std::isfinite(result)) {
    problem = std::isnan(result) ? "a complex number" : "a number too large for a float";
    return std::nullopt;
  }
  return result;
}

}  // namespace

std::optional<Value> compute(const Value& a, std::string_view op, const Value& b,
                             std::string_view& problem) {
  if (!a.is_number() || !b.is_number()) {
    problem = "arithmetic on something that is no number";
    return std::nullopt;
  }
  const bool stays_integer =
      a.is_int() && b.is_int() && op != "/" && !(op == "**" && b.as_int() < 0);
  if (stays_integer) return of_integers(a.as_int(), op, b.as_int(), problem);
  return of_reals(a.as_double(), op, b.as_double(), problem);
}

}  // namespace superstep
