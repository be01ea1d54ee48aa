// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/column_stats.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <math/column_stats_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class P>
class ColumnStatsOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(ColumnStatsOnPack, Packs);

TYPED_TEST(ColumnStatsOnPack, FindsANonFiniteValueAnywhere) {
  for (const std::size_t count : {1U, 3U, 8U, 63U, 64U, 65U, 200U}) {
    std::vector<double> values(count, std::numeric_limits<double>::max());
    EXPECT_TRUE(all_finite_with<TypeParam>(values.data(), count));
    for (std::size_t i = 0; i < count; ++i) {
      for (const double bad : {infinity, -infinity, std::nan("")}) {
        const double kept = values[i];
        values[i] = bad;
        EXPECT_FALSE(all_finite_with<TypeParam>(values.data(), count)) << i << " of " << count;
        values[i] = kept;
      }
    }
  }
  EXPECT_TRUE(all_finite_with<TypeParam>(nullptr, 0));
}

TYPED_TEST(ColumnStatsOnPack, MaxAbsAndRange) {
  for (const Index columns : {1, 7, 8, 9, 33, 100}) {
    for (const Index rows : {1, 9, 100, 500}) {
      const Rectangle x = Rectangle::random(rows, columns, 1, columns % 2);
      std::vector<double> most(static_cast<std::size_t>(columns), 0.5), expected_most = most;
      std::vector<double> low(most.size(), infinity), high(most.size(), -infinity);
      std::vector<double> expected_low = low, expected_high = high;
      for (Index i = 0; i < rows; ++i) {
        for (Index c = 0; c < columns; ++c) {
          const auto at = static_cast<std::size_t>(c);
          expected_most[at] = std::fmax(expected_most[at], std::fabs(x(i, c)));
          expected_low[at] = std::fmin(expected_low[at], x(i, c));
          expected_high[at] = std::fmax(expected_high[at], x(i, c));
        }
      }
      column_max_abs_add_with<TypeParam>(x, most.data());
      column_range_add_with<TypeParam>(x, low.data(), high.data());
      ASSERT_EQ(most, expected_most) << rows << " x " << columns;
      ASSERT_EQ(low, expected_low) << rows << " x " << columns;
      ASSERT_EQ(high, expected_high) << rows << " x " << columns;
    }
  }
}

TYPED_TEST(ColumnStatsOnPack, AZeroKeepsTheSignOfTheFirst) {
  Rectangle x(4, 9);
  for (Index c = 0; c < 9; ++c) {
    x(0, c) = c % 2 == 0 ? 0.0 : -0.0;
    x(1, c) = c % 2 == 0 ? -0.0 : 0.0;
  }
  std::vector<double> low(9, infinity), high(9, -infinity);
  column_range_add_with<TypeParam>(x, low.data(), high.data());
  for (std::size_t c = 0; c < 9; ++c) {
    EXPECT_EQ(std::signbit(low[c]), c % 2 == 1);
    EXPECT_EQ(std::signbit(high[c]), c % 2 == 1);
  }
}

TYPED_TEST(ColumnStatsOnPack, ClassMomentsAddRowsInOrder) {
  for (const Index columns : {1, 7, 8, 9, 40}) {
    const Index rows = 150;
    const Rectangle x = Rectangle::random(rows, columns, 2, 1);
    const Rectangle shift = Rectangle::random(1, columns, 3);
    std::vector<double> codes, weights;
    for (Index i = 0; i < rows; ++i) {
      codes.push_back(static_cast<double>((i * 7) % 3));
      weights.push_back(0.25 * static_cast<double>(i % 5));
    }
    for (const int options : {0, 1, 2, 3, 4, 5, 6, 7}) {
      const bool with_codes = (options & 1) != 0;
      const double* w = (options & 2) != 0 ? weights.data() : nullptr;
      const double* s = (options & 4) != 0 ? ConstPanel(shift).data : nullptr;
      Rectangle sums = Rectangle::random(3, columns, 4, 2),
                squares = Rectangle::random(3, columns, 5);
      Rectangle expected_sums = sums, expected_squares = squares;
      std::vector<double> total(3, 0.5), expected_total = total;
      class_moments_add_with<TypeParam>(x, with_codes ? codes.data() : nullptr, w, s,
                                        {sums, squares, total.data()});
      for (Index i = 0; i < rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const Index k = with_codes ? static_cast<Index>(codes[at]) : 0;
        const double weight = w == nullptr ? 1.0 : weights[at];
        expected_total[static_cast<std::size_t>(k)] += weight;
        for (Index c = 0; c < columns; ++c) {
          const double d = x(i, c) - (s == nullptr ? 0.0 : shift(0, c));
          expected_sums(k, c) = std::fma(weight, d, expected_sums(k, c));
          expected_squares(k, c) = std::fma(weight * d, d, expected_squares(k, c));
        }
      }
      ASSERT_TRUE(same_bits(sums, expected_sums)) << options;
      ASSERT_TRUE(same_bits(squares, expected_squares)) << options;
      ASSERT_TRUE(sums.gaps_untouched());
      ASSERT_EQ(total, expected_total);
      if (!with_codes || s != nullptr) continue;
      Rectangle alone = Rectangle::random(3, columns, 4, 2);  // as sums began
      class_sums_add_with<TypeParam>(x, codes.data(), w, alone);
      ASSERT_TRUE(same_bits(alone, expected_sums)) << options;
      ASSERT_TRUE(alone.gaps_untouched());
    }
  }
}

TEST(ColumnStats, FindsANonFiniteFloatAnywhere) {
  for (const std::size_t count : {1U, 7U, 16U, 511U, 512U, 1300U}) {
    std::vector<float> values(count, -std::numeric_limits<float>::max());
    EXPECT_TRUE(all_finite(values.data(), count));
    for (std::size_t i = 0; i < count; i += 1 + count / 50) {
      for (const float bad : {std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity(), std::nanf("")}) {
        const float kept = values[i];
        values[i] = bad;
        EXPECT_FALSE(all_finite(values.data(), count)) << i << " of " << count;
        values[i] = kept;
      }
    }
  }
}

TEST(ColumnStats, PublicFunctionsUseTheKernels) {
  const Rectangle x = Rectangle::random(20, 10, 6);
  std::vector<double> most(10, 0.0), low(10, infinity), high(10, -infinity);
  column_max_abs_add(x, most.data());
  column_range_add(x, low.data(), high.data());
  for (std::size_t c = 0; c < 10; ++c) EXPECT_EQ(most[c], std::fmax(-low[c], high[c]));
  EXPECT_TRUE(all_finite(ConstPanel(x).data, 200));
  Rectangle sums(1, 10), squares(1, 10);
  double weight = 0;
  class_moments_add(x, nullptr, nullptr, nullptr, {sums, squares, &weight});
  EXPECT_EQ(weight, 20);
  Rectangle alone(1, 10);
  class_sums_add(x, std::vector<double>(20, 0.0).data(), nullptr, alone);
  EXPECT_TRUE(same_bits(alone, sums));
}

}  // namespace
}  // namespace superstep::math
