// SPDX-License-Identifier: BSD-3-Clause
// Philox against the known answers of Random123, and the distributions against their moments.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <superstep/core/philox.hpp>
#include <vector>

namespace superstep {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32_10({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EveryPartOfTheKeyMatters) {
  std::set<Words> seen;
  const std::uint64_t high = 1ULL << 32;
  for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, high}) {
    for (std::uint32_t purpose : {0u, 1u}) {
      for (std::uint64_t row : {std::uint64_t{0}, std::uint64_t{1}, high}) {
        for (std::uint32_t counter : {0u, 1u}) seen.insert(Philox(seed, purpose).at(row, counter));
      }
    }
  }
  EXPECT_EQ(seen.size(), 36u);
  EXPECT_EQ(Philox(0x299f31d0a4093822, 0x85a308d3).at(0x0370734413198a2e, 0x243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RowRandom, IsAFunctionOfTheRow) {
  const Philox philox(5, 3);
  RowRandom a(philox, 17), b(philox, 17), c(philox, 18);
  const Words first = philox.at(17, 0), second = philox.at(17, 1);
  EXPECT_EQ(a.bits(), first[0] | (std::uint64_t{first[1]} << 32));
  EXPECT_EQ(a.bits(), first[2] | (std::uint64_t{first[3]} << 32));
  EXPECT_EQ(a.bits(), second[0] | (std::uint64_t{second[1]} << 32));
  EXPECT_EQ(b.bits(), first[0] | (std::uint64_t{first[1]} << 32));
  EXPECT_NE(c.bits(), first[0] | (std::uint64_t{first[1]} << 32));
}

/// Mean and variance of n draws, each from a row of its own, within 5 standard errors.
template <class Draw>
void expect_moments(double mean, double variance, double fourth_moment, Draw draw, int n = 200000) {
  const Philox philox(11, 1);
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    RowRandom random(philox, static_cast<std::uint64_t>(i));
    const double deviation = static_cast<double>(draw(random)) - mean;
    sum += deviation;
    squares += deviation * deviation;
  }
  EXPECT_NEAR(sum / n, 0.0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * std::sqrt((fourth_moment - variance * variance) / n));
}

TEST(RowRandom, Moments) {
  expect_moments(0.5, 1.0 / 12, 1.0 / 80, [](RowRandom& r) { return r.uniform(); });
  expect_moments(0.0, 1.0, 3.0, [](RowRandom& r) { return r.normal(); });
  expect_moments(0.0, 1.0, 3.0,
                 [](RowRandom& r) { return r.normal(), r.normal(); });  // the spare one
  // The two of a pair do not know of each other.
  expect_moments(0.0, 1.0, 9.0, [](RowRandom& r) { return r.normal() * r.normal(); });
  expect_moments(2.0, 2.0, 6.8, [](RowRandom& r) { return r.below(5); });
  // Without the rejection of the incomplete last third, half of the numbers would be below 2^62.
  constexpr std::uint64_t quarter = std::uint64_t{1} << 62;
  expect_moments(1.0 / 3, 2.0 / 9, 6.0 / 81,
                 [](RowRandom& r) { return r.below(3 * quarter) < quarter; });
  for (double mean : {0.1, 1.0, 20.0, 100.0}) {
    expect_moments(mean, mean, mean + 3 * mean * mean,
                   [=](RowRandom& r) { return r.poisson(mean); });
  }
  // exp(-mean) is 0 here.
  expect_moments(
      1000, 1000, 3001000, [](RowRandom& r) { return r.poisson(1000); }, 5000);
}

TEST(RowRandom, NormalsHaveTheNormalDistribution) {
  std::vector<double> draws;
  const Philox philox(2, 9);
  for (std::uint64_t row = 0; row < 20000; ++row) draws.push_back(RowRandom(philox, row).normal());
  std::sort(draws.begin(), draws.end());
  double largest_gap = 0;  // Kolmogorov-Smirnov; 1.95/sqrt(n) is passed by chance once in 1000
  for (std::size_t i = 0; i < draws.size(); ++i) {
    const double expected = 0.5 * std::erfc(-draws[i] / std::sqrt(2.0));
    largest_gap = std::max(largest_gap, std::abs(expected - static_cast<double>(i) / 20000.0));
  }
  EXPECT_LT(largest_gap, 1.95 / std::sqrt(20000.0));
}

TEST(RowRandom, Bounds) {
  RowRandom random(Philox(1, 1), 0);
  for (int i = 0; i < 100000; ++i) {
    const double u = random.uniform();
    ASSERT_GT(u, 0.0);
    ASSERT_LT(u, 1.0);
    ASSERT_LT(random.below(3), 3u);
  }
  EXPECT_EQ(random.below(1), 0u);
  EXPECT_EQ(random.poisson(0.0), 0);
  EXPECT_GT(random.below(std::uint64_t{1} << 63), 0u);
  EXPECT_THROW(random.below(0), std::invalid_argument);
  EXPECT_THROW(random.poisson(-1.0), std::invalid_argument);
  EXPECT_THROW(random.poisson(std::nan("")), std::invalid_argument);
  EXPECT_THROW(random.poisson(1e300), std::invalid_argument);
}

}  // namespace
}  // namespace superstep
