// SPDX-License-Identifier: BSD-3-Clause
// Numbers as people read and write them: bytes, durations, counts, shortest doubles; UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace superstep {

/// "4G", "512M", "1.5GiB", "100000": bytes. K, M, G, T (with B or iB, any case) are powers of 1024,
/// as in Slurm. UsageError otherwise.
std::int64_t parse_bytes(std::string_view text);

/// "512 B", "1.5 KiB", "4.0 GiB".
std::string format_bytes(std::int64_t bytes);
/// "12 ms", "3.4 s", "2 min 05 s", "1 h 02 min", "3 d 04 h".
std::string format_duration(double seconds);
/// "1,234,567".
std::string format_count(std::int64_t count);
/// The shortest text that reads back as the same double, as Python writes it: "1.0", "1e-05",
/// "inf".
std::string format_double(double value);

std::string to_lower(std::string_view text);
/// At most `width` characters of the text, "..." in place of the rest.
std::string shorten(std::string_view text, std::size_t width);
/// "a, b or c" when `last_word` is "or".
std::string join(const std::vector<std::string>& words, std::string_view last_word);

/// One character taken off the front of `text`, which must not be empty; `valid` is false for a
/// byte that is no UTF-8, which is then returned as it is.
struct DecodedChar {
  char32_t code;
  std::size_t length;
  bool valid;
};
DecodedChar decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code);

/// A message that may quote a file, fit for a terminal: control characters but the ends of lines,
/// bytes that are no UTF-8 and marks that turn the direction of writing become escapes; of a word
/// without blanks 200 characters are left, of a long message its beginning and its end.
std::string printable(std::string_view message);

}  // namespace superstep
