// SPDX-License-Identifier: BSD-3-Clause
// The split of a partial into two integers: its error, its bounds, its order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <superstep/core/philox.hpp>
#include <superstep/engine/exact_sum.hpp>

namespace superstep {
namespace {

double sum_of(const std::vector<double>& partials, int exponent, bool* holds = nullptr) {
  SumShape shape;
  shape.add(1, exponent);
  const int window = ExactSum::window(static_cast<Index>(partials.size()));
  const std::vector<double> scales = ExactSum::scales(shape, window);
  ExactSum sum(shape, window, 0);
  for (double x : partials) sum.deposit(shape, &x, scales.data());
  if (holds != nullptr) *holds = sum.violations(0) == 0;
  const Index run = 0;
  double value = 0.0;
  sum.round(shape, {&run, 1}, &value);
  return value;
}

TEST(ExactSumTest, TheWindowLeavesRoomForEveryBlock) {
  EXPECT_EQ(ExactSum::window(1), 40);
  EXPECT_EQ(ExactSum::window(Index{1} << 22), 40);
  EXPECT_EQ(ExactSum::window((Index{1} << 22) + 1), 39);
}

TEST(ExactSumTest, OnePartialComesBackWithin2ToTheMinus81OfItsBound) {
  RowRandom random(Philox(1, 1), 0);
  double worst = 0.0;
  for (int i = 0; i < 20000; ++i) {
    const double x =
        (2.0 * random.uniform() - 1.0) * std::ldexp(1.0, -static_cast<int>(random.below(60)));
    worst = std::max(worst, std::fabs(sum_of({x}, 0) - x));
  }
  EXPECT_LE(worst, std::ldexp(1.0, -81));
}

TEST(ExactSumTest, TheOrderCannotBeSeen) {
  RowRandom random(Philox(2, 1), 0);
  std::vector<double> partials;
  for (int i = 0; i < 1000; ++i)
    partials.push_back(random.normal() * std::pow(10.0, random.uniform() * 12.0));
  const double once = sum_of(partials, 50);
  std::reverse(partials.begin(), partials.end());
  EXPECT_EQ(sum_of(partials, 50), once);
  std::sort(partials.begin(), partials.end());
  EXPECT_EQ(sum_of(partials, 50), once);
  // Plain doubles are not like that; otherwise this test would show nothing.
  double up = 0.0, down = 0.0;
  for (std::size_t i = 0; i < partials.size(); ++i) {
    up += partials[i];
    down += partials[partials.size() - 1 - i];
  }
  EXPECT_NE(up, down);
}

TEST(ExactSumTest, CancellationLosesNothing) {
  EXPECT_EQ(sum_of({1e16, 1.0, -1e16}, 60), 1.0);
  EXPECT_EQ(sum_of({0.1, 0.2, -0.1, -0.2}, 4), 0.0);
}

TEST(ExactSumTest, WhatReachesTheBoundIsReported) {
  bool holds = false;
  sum_of({std::nextafter(8.0, 0.0), -std::nextafter(8.0, 0.0)}, 3, &holds);
  EXPECT_TRUE(holds);
  for (const double x : {8.0, -8.0, HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    sum_of({x}, 3, &holds);
    EXPECT_FALSE(holds) << x;
  }
}

TEST(ExactSumTest, FarFromOne) {
  EXPECT_EQ(sum_of({3e-290, 4e-290}, exponent_above(4e-290) + 2), 3e-290 + 4e-290);
  EXPECT_EQ(sum_of({3e290, 4e290}, exponent_above(4e290) + 2), 3e290 + 4e290);
  EXPECT_EQ(sum_of({0.0}, exponent_above(0.0)), 0.0);
}

TEST(ExactSumTest, AccumulatorsAddUpToTheWhole) {
  SumShape shape;
  shape.add_symmetric(std::vector<int>{2, 3}, 1);
  const int window = ExactSum::window(2);
  const std::vector<double> scales = ExactSum::scales(shape, window);
  ExactSum a(shape, window, 0), b(shape, window, 0);
  const std::vector<double> x = {1.0, 2.5, 99.0,
                                 4.0};  // the entry below the diagonal does not count
  a.deposit(shape, x.data(), scales.data());
  b.deposit(shape, x.data(), scales.data());
  a.add(b);
  const Totals totals(shape, std::move(a));
  const std::span<const double> values = totals[0];
  EXPECT_EQ(std::vector<double>(values.begin(), values.end()),
            (std::vector<double>{2.0, 5.0, 5.0, 8.0}));
}

/// Partials that go to one of three runs by their number, all of them, and the runs combined.
struct Combined {
  double once;
  double of_runs;
};
Combined combined(const std::vector<double>& partials, const std::vector<int>& exponents,
                  int exponent_of_all) {
  SumShape shape;
  for (const int e : exponents) shape.add(1, e);
  const Index all = shape.add(1, exponent_of_all);
  const int window = ExactSum::window(static_cast<Index>(partials.size()));
  const std::vector<double> scales = ExactSum::scales(shape, window);
  ExactSum sum(shape, window, 0);
  for (std::size_t i = 0; i < partials.size(); ++i) {
    std::vector<double> x(exponents.size() + 1);
    x[i % exponents.size()] = x.back() = partials[i];
    sum.deposit(shape, x.data(), scales.data());
  }
  const Totals totals(shape, std::move(sum));
  std::vector<Index> runs;
  for (Index run = 0; run < all; ++run) {
    EXPECT_TRUE(totals.holds(run));
    runs.push_back(run);
  }
  return {totals.value(all), totals.combined(runs)[0]};
}

TEST(ExactSumTest, CellsCombineToTheSumOfAllRows) {
  int differ = 0;
  for (std::uint64_t draw = 0; draw < 20; ++draw) {
    RowRandom random(Philox(3, 1), draw);
    std::vector<double> partials;
    for (int i = 0; i < 999; ++i)
      partials.push_back(random.normal() * std::pow(10.0, random.uniform() * 12.0));
    const Combined equal = combined(partials, {45, 45, 45}, 45);
    EXPECT_EQ(equal.once, equal.of_runs);
    double rounded = 0.0;
    for (std::size_t cell = 0; cell < 3; ++cell) {
      std::vector<double> some;
      for (std::size_t i = cell; i < partials.size(); i += 3) some.push_back(partials[i]);
      rounded += sum_of(some, 45);
    }
    differ += equal.once != rounded ? 1 : 0;
  }
  // The sum of rounded sums is another one; otherwise this test would show nothing.
  EXPECT_GT(differ, 0);
}

TEST(ExactSumTest, CellsCombineWhenABoundWasRaised) {
  // Whole numbers, which every grid here holds: one run of them reaches farther than the others.
  RowRandom random(Philox(4, 1), 0);
  std::vector<double> partials;
  for (int i = 0; i < 999; ++i) {
    partials.push_back(std::rint(random.normal() * (i % 3 == 1 ? 1e12 : 1e3)));
  }
  for (const int raised : {41, 44, 55, 64}) {
    const Combined c = combined(partials, {13, raised + 2, 13}, raised + 2);
    EXPECT_EQ(c.once, c.of_runs) << raised;
  }
  // What is left when the large ones cancel is not lost.
  const Combined cancelled = combined({0.25, 0x1p60, 0.5, 0.125, -0x1p60, 1.0}, {2, 62, 2}, 62);
  EXPECT_EQ(cancelled.of_runs, 1.875);
  // A run that is out of all proportion.
  const Combined far = combined({0x1p-900, 0x1p900, 0.0}, {-890, 905, -890}, 905);
  EXPECT_EQ(far.of_runs, 0x1p900);
}

}  // namespace
}  // namespace superstep
