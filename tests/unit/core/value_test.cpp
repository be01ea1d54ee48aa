// SPDX-License-Identifier: BSD-3-Clause
// Values and their repr, with Python's own repr as the oracle.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <superstep/core/error.hpp>
#include <superstep/core/literal.hpp>
#include <superstep/core/philox.hpp>
#include <superstep/core/text.hpp>
#include <superstep/core/value.hpp>

#include "unit/core/python.hpp"

namespace superstep {
namespace {

using testing::run_python;

TEST(Value, KindsAndAccess) {
  EXPECT_TRUE(Value().is_none());
  EXPECT_TRUE(Value(nullptr).is_none());
  EXPECT_TRUE(Value(true).is_bool());
  EXPECT_FALSE(Value(true).is_number());
  EXPECT_TRUE(Value(3).is_int());
  EXPECT_TRUE(Value(3.0f).is_real());
  EXPECT_TRUE(Value("x").is_string());
  EXPECT_EQ(Value(3).as_double(), 3.0);
  EXPECT_EQ(Value::list({1, "a"}).items().size(), 2u);
  EXPECT_EQ(Value::tuple({1, "a"}).items()[1].as_string(), "a");
  const Value dict = Value::dict({{"a", 1}, {2, "b"}});
  EXPECT_EQ(dict.find(2)->as_string(), "b");
  EXPECT_EQ(dict.find("z"), nullptr);
  EXPECT_THROW(Value(std::numeric_limits<std::uint64_t>::max()), std::overflow_error);
}

TEST(Value, AccessToAnotherKindSaysWhatItIs) {
  EXPECT_THROW(Value(3.0).as_int(), UsageError);
  EXPECT_THROW(Value(true).as_double(), UsageError);
  EXPECT_THROW(Value(1).as_bool(), UsageError);
  EXPECT_THROW(Value(1).as_string(), UsageError);
  EXPECT_THROW(Value("abc").items(), UsageError);
  EXPECT_THROW(Value().entries(), UsageError);
  EXPECT_THROW(Value().as_call(), UsageError);
  try {
    Value("x").as_double();
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "expected a number, got 'x'");
  }
}

TEST(Value, EqualWhenTheReprIs) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_NE(Value::list({1}), Value::tuple({1}));
  EXPECT_EQ(Value(std::nan("")), Value(std::nan("")));
  EXPECT_EQ(Value::dict({{"a", Value::list({1, 2.5})}}),
            Value::dict({{"a", Value::list({1, 2.5})}}));
  EXPECT_NE(Value("inf"), Value(std::numeric_limits<double>::infinity()));
}

TEST(Value, ReprOfACall) {
  const Value call(Value::Call{"np.f", {1, "a"}, {{"alpha", 1e-5}, {"x", nullptr}}});
  EXPECT_EQ(call.repr(), "np.f(1, 'a', alpha=1e-05, x=None)");
  EXPECT_EQ(Value(Value::Call{"Ridge", {}, {}}).repr(), "Ridge()");
  EXPECT_EQ(Value(Value::Call{"F", {}, {{"a", 1}}}).repr(), "F(a=1)");
}

std::string random_text(RowRandom& random) {
  constexpr char32_t extra[] = {0,      9,      10,     13,     27,     39,      34,      92,
                                127,    0x80,   0xA0,   0xAD,   0xE9,   0x3B1,   0x200B,  0x2028,
                                0x20AC, 0x4E2D, 0xE000, 0xFEFF, 0xFFFD, 0x1F600, 0xE0001, 0x10FFFF};
  std::string text;
  for (std::uint64_t n = random.below(8); n > 0; --n) {
    if (random.below(2) == 0) {
      append_utf8(text, static_cast<char32_t>(32 + random.below(95)));
    } else if (random.below(12) == 0) {
      text += static_cast<char>(0x80 + random.below(128));  // a stray byte
    } else {
      append_utf8(text, extra[random.below(std::size(extra))]);
    }
  }
  return text;
}

double random_double(RowRandom& random) {
  switch (random.below(4)) {
    case 0:
      return std::bit_cast<double>(random.bits());
    case 1:
      return std::round(random.normal() * 1000) / 100;
    case 2:
      return std::ldexp(random.normal(), static_cast<int>(random.below(120)) - 60);
    default:
      return std::pow(10.0, static_cast<double>(random.below(40)) - 20);
  }
}

Value random_value(RowRandom& random, int depth) {
  const std::uint64_t kinds = depth > 0 ? 9 : 6;
  Value::Items items;
  const std::uint64_t kind = random.below(kinds);
  if (kind >= 6) {
    for (std::uint64_t n = random.below(4); n > 0; --n)
      items.push_back(random_value(random, depth - 1));
  }
  switch (kind) {
    case 0:
      return nullptr;
    case 1:
      return random.below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(random.bits());
    case 3:
      return static_cast<std::int64_t>(random.below(20)) - 10;
    case 4:
      return random_double(random);
    case 5:
      return random_text(random);
    case 6:
      return Value::list(items);
    case 7:
      return Value::tuple(items);
    default:
      break;
  }
  Value::Dict entries;
  for (std::size_t i = 0; i < items.size(); ++i)
    entries.emplace_back(static_cast<int>(i), items[i]);
  return Value::dict(entries);
}

TEST(Value, ReprIsPythonsAndReadsBack) {
  std::vector<std::string> texts;
  const Philox philox(7, 1);
  for (std::uint64_t row = 0; row < 4000; ++row) {
    RowRandom random(philox, row);
    const Value value = random_value(random, 3);
    texts.push_back(value.repr());
    EXPECT_EQ(parse_value(texts.back()), value) << texts.back();
  }
  // Python reads our text and writes it again: every byte must come out the same.
  const auto printed = run_python(
      "inf, nan = float('inf'), float('nan')\n"
      "for line in lines: print(repr(eval(line)))\n",
      texts);
  ASSERT_EQ(printed.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(printed[i], texts[i]);
}

TEST(Value, EscapesTheCharactersPythonEscapes) {
  const auto printed = run_python(
      "import unicodedata\n"
      "for i in range(0x110000):\n"
      "    if unicodedata.category(chr(i)) not in ('Cn', 'Cs'):\n"
      "        print(i, repr(chr(i)))\n",
      {});
  ASSERT_GT(printed.size(), 100000u);
  for (const std::string& line : printed) {
    const std::size_t blank = line.find(' ');
    std::string text;
    append_utf8(text, static_cast<char32_t>(std::stoul(line)));
    EXPECT_EQ(Value(text).repr(), line.substr(blank + 1)) << line;
  }
}

}  // namespace
}  // namespace superstep
