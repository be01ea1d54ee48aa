// SPDX-License-Identifier: BSD-3-Clause
// A drawn order meets every position once, is a function of its seed, and favours nothing.
#include "data/permutation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>

namespace superstep {
namespace {

std::vector<Index> order(Index n, std::uint64_t seed, std::uint64_t stream = 0) {
  std::vector<Index> positions(static_cast<std::size_t>(n));
  Permutation(n, seed, stream).positions(0, n, positions.data());
  return positions;
}

/// Chi-square in units of its standard deviation, for counts that should be equal.
double excess(const std::vector<Index>& counts, double expected, double degrees_of_freedom) {
  double chi_square = 0.0;
  for (const Index c : counts) {
    const double difference = static_cast<double>(c) - expected;
    chi_square += difference * difference / expected;
  }
  return (chi_square - degrees_of_freedom) / std::sqrt(2.0 * degrees_of_freedom);
}

TEST(Permutation, MeetsEveryPositionOnce) {
  for (const Index n :
       {1, 2, 3, 7, 100, 4095, 4096, 4097, 4098, 5000, 10007, 65536, 70001, 300000}) {
    std::vector<bool> met(static_cast<std::size_t>(n), false);
    for (const Index p : order(n, 5)) {
      ASSERT_TRUE(p >= 0 && p < n && !met[static_cast<std::size_t>(p)]) << n << ": " << p;
      met[static_cast<std::size_t>(p)] = true;
    }
  }
}

TEST(Permutation, AnyPieceIsThatOfTheWhole) {
  for (const Index n : {1000, 50021}) {
    const std::vector<Index> whole = order(n, 3);
    const Permutation permutation(n, 3, 0);
    for (const Index first : {0, 1, 255, 256, 700}) {
      for (const Index count : {1, 2, 257, 300}) {
        std::vector<Index> piece(static_cast<std::size_t>(count));
        permutation.positions(first, count, piece.data());
        EXPECT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + first));
      }
    }
  }
}

TEST(Permutation, DependsOnSeedAndStream) {
  for (const Index n : {50, 50000}) {
    EXPECT_EQ(order(n, 1), order(n, 1));
    EXPECT_NE(order(n, 1), order(n, 2));
    EXPECT_NE(order(n, 1), order(n, 1, 1));
    EXPECT_NE(order(n, 1), order(n, std::uint64_t{1} << 40));
  }
}

TEST(Permutation, FewRowsMeetAllOrdersEquallyOften) {
  constexpr Index draws = 24000;
  std::map<std::vector<Index>, Index> met;
  for (std::uint64_t seed = 0; seed < draws; ++seed) ++met[order(4, seed)];
  ASSERT_EQ(met.size(), 24U);
  std::vector<Index> counts;
  for (const auto& [o, count] : met) counts.push_back(count);
  EXPECT_LT(std::fabs(excess(counts, draws / 24.0, 23.0)), 4.0);
}

// Where a row goes, and where its neighbour goes beside it: both must tell nothing.
TEST(Permutation, PlacesTellNothingOfPositions) {
  constexpr Index n = 4100;  // just too many for the table
  constexpr Index cells = 10;
  constexpr Index draws = 400;
  const auto cell = [](Index position) { return position * cells / n; };
  std::vector<Index> single(cells * cells, 0), pairs(cells * cells, 0), distant(cells * cells, 0);
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    const std::vector<Index> p = order(n, seed);
    for (std::size_t i = 0; i + 64 < p.size(); ++i) {
      ++single[static_cast<std::size_t>(cell(static_cast<Index>(i)) * cells + cell(p[i]))];
      ++pairs[static_cast<std::size_t>(cell(p[i]) * cells + cell(p[i + 1]))];
      ++distant[static_cast<std::size_t>(cell(p[i]) * cells + cell(p[i + 64]))];  // a column apart
    }
  }
  const double expected = draws * (n - 64.0) / (cells * cells);
  EXPECT_LT(excess(pairs, expected, 81.0), 4.0);
  EXPECT_LT(excess(distant, expected, 81.0), 4.0);
  // Places of a run have fewer than n / cells rows at the end of the file: compare within a run.
  for (std::size_t run = 0; run + 1 < cells; ++run) {
    const std::vector<Index> counts(single.begin() + static_cast<Index>(run) * cells,
                                    single.begin() + static_cast<Index>(run + 1) * cells);
    const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), Index{0}));
    EXPECT_LT(excess(counts, all / cells, cells - 1.0), 4.0) << run;
  }
}

}  // namespace
}  // namespace superstep
