// SPDX-License-Identifier: BSD-3-Clause
// Rungs and brackets. Hyperband's counts for several budgets were worked out in the literature on
// adaptive searches; the totals below check all of a schedule at once.
#include <superstep/select/halving.hpp>

#include <gtest/gtest.h>

#include <superstep/core/error.hpp>

namespace superstep {
namespace {

TEST(WholeLogarithm, IsExactAtPowers) {
  EXPECT_EQ(whole_logarithm(1, 3), 0);
  EXPECT_EQ(whole_logarithm(242, 3), 4);
  EXPECT_EQ(whole_logarithm(243, 3), 5);  // log(243) / log(3) is 4.999999999999999 in doubles
  EXPECT_EQ(whole_logarithm(59049, 3), 10);
  EXPECT_EQ(whole_logarithm(255, 4), 3);
}

struct Counts {
  Index models = 0;
  Index calls = 0;  ///< units of resource spent when survivors go on from where they were
};

Counts counts_of(const std::vector<Bracket>& brackets) {
  Counts counts;
  for (const Bracket& bracket : brackets) {
    counts.models += bracket.front().candidates;
    Index before = 0;
    for (const Rung& rung : bracket) {
      counts.calls += rung.candidates * (rung.resources - before);
      before = rung.resources;
    }
  }
  return counts;
}

TEST(Hyperband, Schedules) {
  struct Case {
    Index most, factor, models, calls;
  };
  for (const Case& c : {Case{9, 3, 17, 69}, Case{27, 3, 49, 357}, Case{81, 3, 143, 1581},
                        Case{299, 4, 378, 5721}}) {
    const Counts counts = counts_of(hyperband_brackets(c.most, c.factor));
    EXPECT_EQ(counts.models, c.models) << c.most;
    EXPECT_EQ(counts.calls, c.calls) << c.most;
  }
}

TEST(Hyperband, FirstRungs) {
  const std::vector<Bracket> brackets = hyperband_brackets(81, 3);
  ASSERT_EQ(brackets.size(), 5U);
  EXPECT_EQ(brackets[0].front(), (Rung{81, 1}));
  EXPECT_EQ(brackets[1].front(), (Rung{34, 3}));
  EXPECT_EQ(brackets[2].front(), (Rung{15, 9}));
  EXPECT_EQ(brackets[3].front(), (Rung{8, 27}));
  EXPECT_EQ(brackets[4].front(), (Rung{5, 81}));
}

TEST(Hyperband, KeepsTheMostAggressiveBracketOf243) {
  const std::vector<Bracket> brackets = hyperband_brackets(243, 3);
  ASSERT_EQ(brackets.size(), 6U);
  EXPECT_EQ(brackets[0].front(), (Rung{243, 1}));
  EXPECT_EQ(brackets[0].back(), (Rung{1, 243}));
}

TEST(Halving, LastRungUsesEverything) {
  const Bracket rungs = halving_rungs(27, {.factor = 3, .max_resources = 2700});
  EXPECT_EQ(rungs, (Bracket{{27, 100}, {9, 300}, {3, 900}, {1, 2700}}));
}

TEST(Halving, GivenMinimum) {
  const Bracket rungs = halving_rungs(20, {.factor = 2, .min_resources = 30, .max_resources = 100});
  EXPECT_EQ(rungs, (Bracket{{20, 30}, {10, 60}}));
}

TEST(Halving, Refusals) {
  EXPECT_THROW(halving_rungs(9, {.factor = 1, .max_resources = 9}), UsageError);
  EXPECT_THROW(halving_rungs(9, {.factor = 3, .min_resources = 10, .max_resources = 9}),
               UsageError);
  EXPECT_THROW(hyperband_brackets(0, 3), UsageError);
}

}  // namespace
}  // namespace superstep
