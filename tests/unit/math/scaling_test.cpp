// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/scaling.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <math/scaling_kernels.hpp>
#include <superstep/math/column_stats.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Every fifth value or so is missing.
Rectangle with_missing(Index rows, Index columns) {
  Rectangle x = Rectangle::random(rows, columns, 1, columns % 2);
  for (Index i = 0; i < rows * columns; i += 3 + i % 5) x(i / columns, i % columns) = std::nan("");
  return x;
}

template <class P>
class ScalingOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(ScalingOnPack, Packs);

TYPED_TEST(ScalingOnPack, MomentsLeaveMissingValuesOut) {
  for (const Index columns : {1, 7, 8, 9, 33, 100}) {
    for (const Index rows : {1, 9, 300}) {
      for (const bool weighted : {false, true}) {
        const Rectangle x = with_missing(rows, columns);
        const Rectangle shift = Rectangle::random(1, columns, 2);
        Rectangle weights = Rectangle::random(rows, 1, 3);
        for (Index i = 0; i < rows; ++i)
          weights(i, 0) = i % 7 == 0 ? 0.0 : std::fabs(weights(i, 0));
        Rectangle sums = Rectangle::random(3, columns, 4), expected = sums;
        column_moments_add_with<TypeParam>(x, weighted ? weights.data() : nullptr,
                                           ConstPanel(shift).data,
                                           {&sums(0, 0), &sums(1, 0), &sums(2, 0)});
        for (Index i = 0; i < rows; ++i) {
          for (Index c = 0; c < columns; ++c) {
            if (std::isnan(x(i, c))) continue;
            const double d = x(i, c) - shift(0, c);
            const double w = weighted ? weights(i, 0) : 1.0;
            expected(0, c) += w;
            expected(1, c) = std::fma(w, d, expected(1, c));
            expected(2, c) = std::fma(w * d, d, expected(2, c));
          }
        }
        ASSERT_TRUE(same_bits(sums, expected)) << rows << " x " << columns << " " << weighted;
      }
    }
  }
}

TYPED_TEST(ScalingOnPack, MapsHandMissingValuesOn) {
  for (const Index columns : {1, 7, 8, 9, 33, 100}) {
    const Rectangle x = with_missing(11, columns);
    const Rectangle shift = Rectangle::random(1, columns, 2),
                    factor = Rectangle::random(1, columns, 3);
    const double* s = ConstPanel(shift).data;
    const double* f = ConstPanel(factor).data;
    Rectangle centred(11, columns, 3), divided(11, columns), ranged(11, columns),
        clipped(11, columns);
    centre_and_scale_with<TypeParam>(x, s, f, centred);
    divide_columns_with<TypeParam>(x, f, divided);
    map_range_with<TypeParam>(x, s, f, 0.25, -infinity, infinity, ranged);
    map_range_with<TypeParam>(x, s, f, 0.25, -0.5, 1.0, clipped);
    for (Index i = 0; i < 11; ++i) {
      for (Index c = 0; c < columns; ++c) {
        const double scaled = (x(i, c) - shift(0, c)) * factor(0, c);
        if (std::isnan(x(i, c))) {
          EXPECT_TRUE(std::isnan(centred(i, c)) && std::isnan(divided(i, c)));
          EXPECT_TRUE(std::isnan(ranged(i, c)) && std::isnan(clipped(i, c)));
          continue;
        }
        EXPECT_EQ(centred(i, c), scaled);
        EXPECT_EQ(divided(i, c), x(i, c) / factor(0, c));
        EXPECT_EQ(ranged(i, c), scaled + 0.25);
        EXPECT_EQ(clipped(i, c), std::fmin(1.0, std::fmax(-0.5, scaled + 0.25)));
      }
    }
    EXPECT_TRUE(centred.gaps_untouched());
    Rectangle in_place = x;
    centre_and_scale_with<TypeParam>(in_place, s, f, in_place);
    EXPECT_TRUE(same_bits(in_place, [&] {
      Rectangle apart = x;
      centre_and_scale_with<TypeParam>(x, s, f, apart);
      return apart;
    }()));
  }
}

// The scalers count on it: a comparison with NaN is false, so a missing value is no extreme.
TEST(Scaling, ExtremesLeaveMissingValuesOut) {
  const Index columns = 37, rows = 60;
  const Rectangle x = with_missing(rows, columns);
  std::vector<double> low(at(columns), infinity), high(at(columns), -infinity),
      most(at(columns), 0.0);
  column_range_add(x, low.data(), high.data());
  column_max_abs_add(x, most.data());
  for (Index c = 0; c < columns; ++c) {
    double least = infinity, greatest = -infinity;
    for (Index i = 0; i < rows; ++i) {
      least = std::fmin(least, x(i, c));  // fmin and fmax prefer numbers
      greatest = std::fmax(greatest, x(i, c));
    }
    EXPECT_EQ(low[at(c)], least);
    EXPECT_EQ(high[at(c)], greatest);
    EXPECT_EQ(most[at(c)], std::fmax(-least, greatest));
  }
}

TEST(Scaling, PublicFunctionsUseTheKernels) {
  const Rectangle x = Rectangle::random(20, 10, 6);
  const std::vector<double> shift(10, 1.0), factor(10, 2.0);
  std::vector<double> counts(10), sums(10), squares(10);
  column_moments_add(x, nullptr, shift.data(), {counts.data(), sums.data(), squares.data()});
  EXPECT_EQ(counts, std::vector<double>(10, 20.0));
  EXPECT_NEAR(squares[3] - sums[3] * sums[3] / 20, 20, 19);
  Rectangle z(20, 10);
  centre_and_scale(x, shift.data(), factor.data(), z);
  EXPECT_EQ(z(19, 9), (x(19, 9) - 1) * 2);
  divide_columns(x, factor.data(), z);
  EXPECT_EQ(z(19, 9), x(19, 9) / 2);
  map_range(x, shift.data(), factor.data(), 3.0, 4.0, 4.0, z);
  EXPECT_EQ(z(19, 9), 4.0);
}

}  // namespace
}  // namespace superstep::math
