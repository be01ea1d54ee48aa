// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/distances.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <math/distances_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

std::vector<double> half_norms(const Rectangle& centers) {
  std::vector<double> half(static_cast<std::size_t>(centers.rows()));
  half_squared_norms(centers, half.data());
  return half;
}

double chain_score(const Rectangle& x, Index i, const Rectangle& centers, Index j, double half) {
  for (Index c = 0; c < x.columns(); ++c) half = std::fma(-x(i, c), centers(j, c), half);
  return half;
}

template <class P>
class DistancesOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(DistancesOnPack, Packs);

TYPED_TEST(DistancesOnPack, NearestTakesTheLeastChain) {
  for (const Index columns : {1, 7, 8, 9, 20, 100}) {
    for (const Index rows : {1, 8, 33, 300}) {
      const Rectangle x = Rectangle::random(rows, columns, 1, columns % 3);
      for (const Index k : {1, 2, 3, 5, 7, 8, 9, 16, 17, 50}) {
        const Rectangle centers = Rectangle::random(k, columns, 2, k % 2);
        const std::vector<double> half = half_norms(centers);
        std::vector<std::int32_t> index(static_cast<std::size_t>(rows));
        std::vector<double> score(index.size());
        std::vector<double> negated(static_cast<std::size_t>(k * columns));
        pack_centers_with<TypeParam>(centers, negated.data());
        AlignedBuffer lanes;
        const PackedRows packed =
            pack_rows_with<TypeParam>(x, lanes.reserve(packed_rows_size(rows, columns)));
        nearest_with<TypeParam>(packed, {k, negated.data(), half.data()}, index.data(),
                                score.data());
        for (Index i = 0; i < rows; ++i) {
          const auto at = static_cast<std::size_t>(i);
          double best = std::numeric_limits<double>::infinity();
          std::int32_t where = 0;
          for (std::int32_t j = 0; j < k; ++j) {
            const double s = chain_score(x, i, centers, j, half[static_cast<std::size_t>(j)]);
            if (s < best) {
              best = s;
              where = j;
            }
          }
          ASSERT_EQ(index[at], where) << rows << " x " << columns << ", k = " << k << ", row " << i;
          ASSERT_TRUE(same_bits(score[at], best));
        }
      }
    }
  }
}

TYPED_TEST(DistancesOnPack, SquaredDistancesRunInEightLanes) {
  for (const Index columns : {1, 3, 8, 9, 20, 23, 100}) {
    const Rectangle x = Rectangle::random(4, columns, 3);
    const Rectangle y = Rectangle::random(4, columns, 4);
    for (Index i = 0; i < 4; ++i) {
      double lanes[8] = {};
      for (Index c = 0; c < columns; ++c) {
        const double d = x(i, c) - y(i, c);
        lanes[c % 8] = std::fma(d, d, lanes[c % 8]);
      }
      const double own =
          squared_distance<TypeParam>(ConstPanel(x).row(i), ConstPanel(y).row(i), columns);
      EXPECT_TRUE(same_bits(own, simd::lane_sum(lanes)));
    }
  }
}

TYPED_TEST(DistancesOnPack, AddScaledIsOneFmaAnElement) {
  for (const Index columns : {1, 7, 8, 9, 20}) {
    const Rectangle x = Rectangle::random(1, columns, 5);
    Rectangle sum = Rectangle::random(1, columns, 6, 4);
    const Rectangle before = sum;
    add_scaled<TypeParam>(ConstPanel(x).data, 0.3, sum.data(), columns);
    for (Index c = 0; c < columns; ++c) {
      EXPECT_TRUE(same_bits(sum(0, c), std::fma(0.3, x(0, c), before(0, c))));
    }
    EXPECT_TRUE(sum.gaps_untouched());
  }
}

TEST(Distances, EqualScoresGoToTheSmallestIndex) {
  const Rectangle x = Rectangle::random(50, 6, 7);
  const Rectangle one = Rectangle::random(1, 6, 8);
  Rectangle centers(20, 6);  // all equal, in different tiles
  for (Index j = 0; j < 20; ++j) {
    for (Index c = 0; c < 6; ++c) centers(j, c) = one(0, c);
  }
  std::vector<std::int32_t> index(50, -1);
  nearest(x, PackedCenters(centers), index.data(), nullptr);
  for (const std::int32_t j : index) EXPECT_EQ(j, 0);
}

TEST(Distances, ScoresDoNotDependOnOtherCentres) {
  const Rectangle x = Rectangle::random(100, 20, 9);
  const Rectangle many = Rectangle::random(37, 20, 10);
  std::vector<std::int32_t> index(100), alone(100);
  std::vector<double> score(100), score_alone(100);
  nearest(x, PackedCenters(many), index.data(), score.data());
  for (std::size_t i = 0; i < 100; ++i) {
    const std::int32_t j = index[i];
    const PackedCenters one(ConstPanel(many).middle_rows(j, 1));
    nearest(x, one, alone.data(), score_alone.data());
    EXPECT_TRUE(same_bits(score[i], score_alone[i]));
  }
}

TEST(Distances, ScoreAndNormGiveTheDistance) {
  const Rectangle x = Rectangle::random(60, 20, 11);
  const Rectangle centers = Rectangle::random(7, 20, 12);
  std::vector<std::int32_t> index(60);
  std::vector<double> score(60), distance(60);
  nearest(x, PackedCenters(centers), index.data(), score.data());
  squared_distances(x, centers, index.data(), distance.data());
  for (Index i = 0; i < 60; ++i) {
    const auto at = static_cast<std::size_t>(i);
    long double norm = 0, truth = 0;
    for (Index c = 0; c < 20; ++c) {
      const long double d = static_cast<long double>(x(i, c)) - centers(index[at], c);
      norm += static_cast<long double>(x(i, c)) * x(i, c);
      truth += d * d;
    }
    EXPECT_NEAR(distance[at], static_cast<double>(truth), 1e-14 * static_cast<double>(truth));
    EXPECT_NEAR(static_cast<double>(norm) + 2 * score[at], static_cast<double>(truth), 1e-12);
  }
}

TEST(Distances, ScatterAddsRowsInOrderAndSkipsNegativeIndices) {
  const Rectangle x = Rectangle::random(200, 13, 13, 2);
  std::vector<std::int32_t> index(200);
  std::vector<double> weights(200);
  for (std::size_t i = 0; i < 200; ++i) {
    index[i] = static_cast<std::int32_t>(i % 5) - 1;
    weights[i] = 0.1 * static_cast<double>(i % 7);
  }
  for (const bool weighted : {false, true}) {
    Rectangle sums = Rectangle::random(4, 13, 14, 1), expected = sums;
    std::vector<double> counts(4, 1.0), expected_counts(4, 1.0);
    scatter_add(x, index.data(), weighted ? weights.data() : nullptr, sums, counts.data());
    for (Index i = 0; i < 200; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (index[at] < 0) continue;
      const double w = weighted ? weights[at] : 1.0;
      expected_counts[static_cast<std::size_t>(index[at])] += w;
      for (Index c = 0; c < 13; ++c) {
        expected(index[at], c) = std::fma(w, x(i, c), expected(index[at], c));
      }
    }
    EXPECT_TRUE(same_bits(sums, expected));
    EXPECT_TRUE(sums.gaps_untouched());
    EXPECT_EQ(counts, expected_counts);
  }
}

}  // namespace
}  // namespace superstep::math
