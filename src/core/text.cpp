// SPDX-License-Identifier: BSD-3-Clause
// Reading and writing the numbers people see.
#include <superstep/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <superstep/core/error.hpp>

namespace superstep {
namespace {

constexpr double two_to_63 = 9223372036854775808.0;

/// The factor of a unit such as "G", "gib" or "", 0 when there is no such unit.
double unit_factor(std::string_view unit) {
  std::string name = to_lower(unit);
  if (name.empty() || name == "b") return 1.0;
  if (name.ends_with("ib")) {
    name.resize(name.size() - 2);
  } else if (name.ends_with('b')) {
    name.pop_back();
  }
  const std::size_t power = std::string_view("kmgt").find(name);
  if (name.size() != 1 || power == std::string_view::npos) return 0.0;
  return std::ldexp(1.0, 10 * (static_cast<int>(power) + 1));
}

/// The length of a valid UTF-8 sequence that starts with `lead`, 0 for a byte that starts none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

std::int64_t parse_bytes(std::string_view text) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, status] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (status == std::errc{} && std::isfinite(number) && number >= 0.0) {
    std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    const double factor = unit_factor(unit);
    const double bytes = std::floor(number * factor);
    if (factor > 0.0 && bytes < two_to_63) return static_cast<std::int64_t>(bytes);
  }
  throw UsageError(
      fmt::format("'{}' is no number of bytes; write it like 4G, 512M or 1.5GiB", text));
}

std::string format_bytes(std::int64_t bytes) {
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double amount = static_cast<double>(bytes);
  if (std::abs(amount) < 1024.0) return fmt::format("{} B", bytes);
  std::size_t unit = 0;
  amount /= 1024.0;
  // 1023.95 would be printed as 1024.0.
  for (; std::abs(amount) >= 1023.95 && unit + 1 < units.size(); ++unit) amount /= 1024.0;
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "unknown";
  if (seconds < 0.0) return "-" + format_duration(-seconds);
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const double whole = std::round(seconds);
  if (whole < 3600.0) {
    return fmt::format("{:.0f} min {:02.0f} s", std::floor(whole / 60), std::fmod(whole, 60));
  }
  const double minutes = std::round(seconds / 60);
  if (minutes < 1440.0) {
    return fmt::format("{:.0f} h {:02.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
  }
  const double hours = std::round(seconds / 3600);
  return fmt::format("{:.0f} d {:02.0f} h", std::floor(hours / 24), std::fmod(hours, 24));
}

std::string format_count(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  const std::size_t first = count < 0 ? 2 : 1;  // no comma before the first digit
  for (std::size_t i = digits.size(); i >= first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string format_double(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer;
  const auto written =
      std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, e));
  if (digits.size() > 1) digits.erase(1, 1);  // the point
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 1 : 0;
  std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);

  std::string out = negative ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  } else if (exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else {
    if (count <= exponent + 1) digits.append(static_cast<std::size_t>(exponent + 2 - count), '0');
    const auto point = static_cast<std::size_t>(exponent + 1);
    out += digits.substr(0, point) + "." + digits.substr(point);
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (text.size() <= width) return std::string(text);
  std::size_t end = std::max<std::size_t>(width, 3) - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string join(const std::vector<std::string>& words, std::string_view last_word) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? fmt::format(" {} ", last_word) : ", ";
    out += words[i];
  }
  return out;
}

DecodedChar decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const DecodedChar invalid{byte(0), 1, false};
  const std::size_t length = sequence_length(byte(0));
  if (length == 0 || length > text.size()) return invalid;
  if (length == 1) return {byte(0), 1, true};
  char32_t code = byte(0) & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return invalid;
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (overlong || surrogate || code > 0x10FFFF) return invalid;
  return {code, length, true};
}

void append_utf8(std::string& out, char32_t code) {
  const auto add = [&out](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18));
    add(0x80 | ((code >> 12) & 0x3F));
    add(0x80 | ((code >> 6) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

namespace {

bool turns_direction(char32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200E || code == 0x200F || code == 0x061C;
}

void append_printable(std::string& out, const DecodedChar& c) {
  const bool is_control =
      c.code < 0x20 ? c.code != '\n' && c.code != '\t' : c.code >= 0x7F && c.code < 0xA0;
  if (!c.valid || is_control) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(c.code));
  } else if (turns_direction(c.code)) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.code));
  } else {
    append_utf8(out, c.code);
  }
}

}  // namespace

std::string printable(std::string_view message) {
  constexpr std::size_t longest_word = 200;
  constexpr std::size_t longest_message = 1400;
  constexpr std::size_t longest_end = 400;  // what to try stands there
  std::string out;
  std::size_t in_word = 0;
  while (!message.empty()) {
    const DecodedChar c = decode_utf8(message);
    message.remove_prefix(c.length);
    in_word = c.valid && (c.code == ' ' || c.code == '\n') ? 0 : in_word + 1;
    if (in_word <= longest_word) append_printable(out, c);
    if (in_word == longest_word + 1) out += "...";
  }
  if (out.size() <= longest_message) return out;
  std::size_t end = out.size() - longest_end;
  while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) ++end;
  return shorten(out, longest_message - longest_end) + " " + out.substr(end);
}

}  // namespace superstep
