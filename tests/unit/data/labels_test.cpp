// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/labels.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace superstep {
namespace {

TEST(Labels, NumbersAreSortedAndDifferent) {
  const Labels labels = Labels::of_numbers({3.0, -1.0, 3.0, 0.0, -0.0, 2.0});
  EXPECT_EQ(labels.numbers(), (std::vector<double>{-1.0, 0.0, 2.0, 3.0}));
  EXPECT_EQ(labels.size(), 4);
  EXPECT_TRUE(labels.is_integer());
  for (Index i = 0; i < labels.size(); ++i) {
    EXPECT_EQ(labels.find(labels.numbers()[static_cast<std::size_t>(i)]), i);
  }
  EXPECT_EQ(labels.find(-0.0), 1);
  EXPECT_FALSE(std::signbit(Labels::of_numbers({-0.0}).numbers()[0]));
  EXPECT_EQ(labels.find(1.0), -1);
  EXPECT_EQ(labels.find(9.0), -1);
  EXPECT_EQ(labels.find(std::string("2")), -1);
}

TEST(Labels, TextsAreSortedByTheirBytes) {
  const Labels labels = Labels::of_texts({"b", "Z", "a", "b", "\xc3\xa4"});
  EXPECT_EQ(labels.texts(), (std::vector<std::string>{"Z", "a", "b", "\xc3\xa4"}));
  EXPECT_TRUE(labels.is_text());
  EXPECT_FALSE(labels.is_integer());
  EXPECT_EQ(labels.find(std::string("b")), 2);
  EXPECT_EQ(labels.find(std::string("B")), -1);
  EXPECT_EQ(labels.find(1.0), -1);
}

TEST(Labels, FoundByLiteral) {
  const Labels numbers = Labels::of_numbers({1.0, 2.5});
  EXPECT_EQ(numbers.find(Value(2.5)), 1);
  EXPECT_EQ(numbers.find(Value(1)), 0);
  EXPECT_EQ(numbers.find(Value("1")), -1);
  const Labels texts = Labels::of_texts({"no", "yes"});
  EXPECT_EQ(texts.find(Value("yes")), 1);
  EXPECT_EQ(texts.find(Value(1)), -1);
}

TEST(Labels, WholeNumbersAreWrittenWithoutPoint) {
  EXPECT_EQ(Labels::of_numbers({1.0, 20.0}).text(1), "20");
  const Labels fractions = Labels::of_numbers({1.0, 2.5});
  EXPECT_FALSE(fractions.is_integer());
  EXPECT_EQ(fractions.text(0), "1.0");
  EXPECT_EQ(fractions.text(1), "2.5");
  EXPECT_FALSE(Labels::of_numbers({1e300}).is_integer());  // no integer type holds it
  EXPECT_EQ(Labels::of_texts({"a"}).text(0), "a");
}

}  // namespace
}  // namespace superstep
