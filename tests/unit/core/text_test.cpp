// SPDX-License-Identifier: BSD-3-Clause
// Bytes, durations and counts as people write them; UTF-8 that is and is not valid.
#include <gtest/gtest.h>

#include <limits>
#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep {
namespace {

TEST(Text, ReadsBytes) {
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("100000"), 100000);
  EXPECT_EQ(parse_bytes("12B"), 12);
  EXPECT_EQ(parse_bytes("4K"), 4096);
  EXPECT_EQ(parse_bytes("4k"), 4096);
  EXPECT_EQ(parse_bytes("4KB"), 4096);
  EXPECT_EQ(parse_bytes("512M"), 512LL << 20);
  EXPECT_EQ(parse_bytes("1.5GiB"), 3LL << 29);
  EXPECT_EQ(parse_bytes("4 gib"), 4LL << 30);
  EXPECT_EQ(parse_bytes("2T"), 2LL << 40);
  for (const char* text : {"", "G", "4X", "4GG", "-4G", "4G ", " 4G", "4,5G", "1e3", "0x10", "inf",
                           "nan", "4iB", "9999999T", "99999999999999999999"}) {
    EXPECT_THROW(parse_bytes(text), UsageError) << text;
  }
}

TEST(Text, WritesBytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(-2048), "-2.0 KiB");
  EXPECT_EQ(format_bytes((1LL << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(4LL << 30), "4.0 GiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::int64_t>::max()), "8.0 EiB");
}

TEST(Text, WritesDurations) {
  EXPECT_EQ(format_duration(0.0), "0 ms");
  EXPECT_EQ(format_duration(0.0124), "12 ms");
  EXPECT_EQ(format_duration(0.9996), "1.0 s");
  EXPECT_EQ(format_duration(3.44), "3.4 s");
  EXPECT_EQ(format_duration(59.97), "1 min 00 s");
  EXPECT_EQ(format_duration(125), "2 min 05 s");
  EXPECT_EQ(format_duration(3599.7), "1 h 00 min");
  EXPECT_EQ(format_duration(3720), "1 h 02 min");
  EXPECT_EQ(format_duration(86399), "1 d 00 h");
  EXPECT_EQ(format_duration(3 * 86400 + 4 * 3600), "3 d 04 h");
  EXPECT_EQ(format_duration(-2), "-2.0 s");
  EXPECT_EQ(format_duration(std::numeric_limits<double>::infinity()), "unknown");
}

TEST(Text, WritesCounts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(-999), "-999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-123456), "-123,456");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Text, ShortensAndJoins) {
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abc...");
  EXPECT_EQ(shorten("ab\xC3\xA9"
                    "defg",
                    6),
            "ab...");  // no half character
  EXPECT_EQ(join({}, "or"), "");
  EXPECT_EQ(join({"a"}, "or"), "a");
  EXPECT_EQ(join({"a", "b", "c"}, "or"), "a, b or c");
}

TEST(Text, Utf8) {
  for (char32_t code :
       {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text;
    append_utf8(text, code);
    const DecodedChar c = decode_utf8(text + "x");
    EXPECT_TRUE(c.valid);
    EXPECT_EQ(c.code, code);
    EXPECT_EQ(c.length, text.size());
  }
  for (const char* text : {"\x80", "\xC0\xAF", "\xC3", "\xC3x", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(decode_utf8(text).valid) << text;
    EXPECT_EQ(decode_utf8(text).length, 1u);
  }
}

}  // namespace
TEST(Text, MessagesArePrintable) {
  EXPECT_EQ(printable("a line\nand a \ttab"), "a line\nand a \ttab");
  EXPECT_EQ(printable("\x1b[31mred\x07 \x7f \xc2\x9b"), "\\x1b[31mred\\x07 \\x7f \\x9b");
  EXPECT_EQ(printable("\xff \xe2\x80\xae caf\xc3\xa9"), "\\xff \\u202e caf\xc3\xa9");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("see " + std::string(5000, 'x') + " there"),
            "see " + std::string(200, 'x') + "... there");
  std::string names;
  for (int i = 0; i < 1000; ++i) names += "name ";
  const std::string shown = printable(names + "; use others");
  EXPECT_LE(shown.size(), 1410u);
  EXPECT_TRUE(shown.ends_with("name ; use others")) << shown;
}

}  // namespace superstep
