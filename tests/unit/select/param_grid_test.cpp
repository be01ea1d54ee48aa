// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/param_grid.hpp>

#include <gtest/gtest.h>

#include <set>

#include <superstep/core/error.hpp>

namespace superstep {
namespace {

std::vector<std::string> texts(const std::vector<ParamSetting>& settings) {
  std::vector<std::string> all;
  for (const ParamSetting& s : settings) all.push_back(repr(s));
  return all;
}

TEST(Grid, NamesAreSortedAndTheLastChangesFastest) {
  EXPECT_EQ(texts(expand_grid("{'b': [1, 2], 'a': ['x', None]}")),
            (std::vector<std::string>{"{'a': 'x', 'b': 1}", "{'a': 'x', 'b': 2}",
                                      "{'a': None, 'b': 1}", "{'a': None, 'b': 2}"}));
}

TEST(Grid, SeveralGridsInAList) {
  EXPECT_EQ(texts(expand_grid("[{'C': range(1, 3)}, {'gamma': (0.5,)}]")),
            (std::vector<std::string>{"{'C': 1}", "{'C': 2}", "{'gamma': 0.5}"}));
}

TEST(Grid, Refusals) {
  for (const char* text : {"[]", "{'C': []}", "{'C': 1}", "{1: [1]}", "3", "{'C': [1], 'C': [2]}",
                           "{'a': range(10000), 'b': range(10000)}"}) {
    EXPECT_THROW(expand_grid(text), UsageError) << text;
  }
}

TEST(Draws, ListsAreDrawnWithoutRepetition) {
  const auto drawn = texts(draw_settings("{'a': range(10), 'b': [1, 2]}", 15, 7));
  EXPECT_EQ(drawn.size(), 15U);
  EXPECT_EQ(std::set<std::string>(drawn.begin(), drawn.end()).size(), 15U);
  EXPECT_EQ(draw_settings("{'a': range(3)}", 10, 7).size(), 3U);
}

TEST(Draws, DistributionsStayInTheirRanges) {
  const auto drawn = draw_settings(
      "{'l': loguniform(1e-3, 1e3), 'u': uniform(loc=2, scale=3), 'k': randint(-2, 3)}", 500, 1);
  std::set<std::int64_t> whole;
  int small = 0;
  for (const ParamSetting& s : drawn) {
    whole.insert(s[0].second.as_int());
    const double l = s[1].second.as_double();
    EXPECT_GE(l, 0.999e-3);
    EXPECT_LE(l, 1.001e3);
    small += l < 1.0 ? 1 : 0;
    EXPECT_GE(s[2].second.as_double(), 2.0);
    EXPECT_LE(s[2].second.as_double(), 5.0);
  }
  EXPECT_EQ(whole, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_GT(small, 200);  // half of them, give or take
  EXPECT_LT(small, 300);
}

TEST(Draws, AreAFunctionOfTheSeed) {
  const char* space = "{'C': loguniform(1e-3, 1e3)}";
  EXPECT_EQ(texts(draw_settings(space, 5, 3)), texts(draw_settings(space, 5, 3)));
  EXPECT_NE(texts(draw_settings(space, 5, 3)), texts(draw_settings(space, 5, 4)));
  // More draws begin with the same ones.
  EXPECT_EQ(draw_settings(space, 5, 3), [&] {
    auto longer = draw_settings(space, 9, 3);
    longer.resize(5);
    return longer;
  }());
}

TEST(Draws, Refusals) {
  for (const char* text : {"{'C': lognormal(1, 2)}", "{'C': loguniform(-1, 2)}",
                           "{'C': randint(3, 3)}", "{'C': uniform(0, 0)}", "{'C': uniform(a=1)}",
                           "{'C': randint(0.5, 3)}", "{'C': loguniform(1)}"}) {
    EXPECT_THROW(draw_settings(text, 3, 0), UsageError) << text;
  }
}

}  // namespace
}  // namespace superstep
