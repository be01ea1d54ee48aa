// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <superstep/core/error.hpp>

#include "learn/feature_extraction/analyser.hpp"
#include "learn/feature_extraction/characters.hpp"
#include "learn/feature_extraction/murmur3.hpp"

namespace superstep {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> terms(const std::string& text, AnalyserOptions options = {}) {
  const Analyser analyser(std::move(options));
  Analyser::Scratch scratch;
  std::vector<std::string> all;
  analyser.terms(text, scratch, [&](std::string_view term) { all.emplace_back(term); });
  return all;
}

// Conformance.text compares with scikit-learn on drawn texts; these are the cases worth a name.

TEST(Analyser, TakesRunsOfTwoWordCharacters) {
  EXPECT_THAT(terms("The cat's x_1, a 42!"), ElementsAre("the", "cat", "x_1", "42"));
  EXPECT_THAT(terms(""), IsEmpty());
  EXPECT_THAT(terms("a b c"), IsEmpty());
}

TEST(Analyser, LowersAsPythonDoes) {
  EXPECT_THAT(terms("ΌΣΟΣ ΣΑΣ'Σ"), ElementsAre("όσος", "σασ"));
  EXPECT_THAT(terms("İZ ẞA"), ElementsAre("ßa"));  // a mark ends the first: i, mark, z
}

TEST(Analyser, JoinsNeighboursBehindStopWords) {
  AnalyserOptions options{.stop_words = {"the"}, .least_n = 1, .most_n = 2};
  EXPECT_THAT(terms("up the hill we go", options),
              ElementsAre("up", "hill", "we", "go", "up hill", "hill we", "we go"));
}

TEST(Analyser, CountsAShortWordOnceAmongCharacters) {
  AnalyserOptions options{.least_n = 3, .most_n = 4, .analyzer = "char_wb"};
  EXPECT_THAT(terms("a\t bc", options), ElementsAre(" a ", " bc", "bc ", " bc "));
  options.analyzer = "char";
  EXPECT_THAT(terms("a\t bc", options), ElementsAre("a b", " bc", "a bc"));
}

TEST(Characters, CountBadBytesAsPythonDoes) {
  const characters::BadBytes cut = characters::find_bad(
      "ab\xe2\x82"
      "c");
  EXPECT_EQ(cut.begin, 2u);
  EXPECT_EQ(cut.size, 2u);
  EXPECT_EQ(characters::find_bad("\xed\xa0\x80").size, 1u);
  EXPECT_EQ(characters::find_bad("\u20ac \U0001f642").size, 0u);
}

TEST(Murmur3, KnownAnswers) {  // of the reference implementation, seed 0
  EXPECT_EQ(murmur3(""), 0u);
  EXPECT_EQ(murmur3("hello"), 613153351u);
  EXPECT_EQ(murmur3("test"), 0xba6bd213u);
  EXPECT_EQ(murmur3("Hello, world!"), 0xc0363e43u);
}

TEST(TermTable, FindsWhatWasAdded) {
  TermTable table;
  EXPECT_EQ(table.find("x"), -1);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.add("t" + std::to_string(i)), i);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(table.add("t" + std::to_string(i)), i);
  EXPECT_EQ(table[4321], "t4321");
  EXPECT_EQ(table.find("t5000"), -1);
  table.clear();
  EXPECT_EQ(table.size(), 0);
  EXPECT_EQ(table.find("t1"), -1);
  EXPECT_EQ(table.add(""), 0);
  EXPECT_EQ(table.find(""), 0);
}

}  // namespace
}  // namespace superstep
