// SPDX-License-Identifier: BSD-3-Clause
// Maps that divide: what is the same column in other units is the same column behind them.
#include <superstep/learn/affine_map.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace superstep {
namespace {

/// Sums of products of columns that are one column in several units, whole numbers all.
Matrix gram_of(const Vector& units) { return 57.0 * units * units.transpose(); }

TEST(AffineMap, EqualColumnsStayEqualBehindDivision) {
  const Vector units{{1.0, 3.0, 10.0, 49.0, 100.0, 1e5, 7e6}};
  const AffineMap map = AffineMap::divided(Vector::Zero(units.size()), units);
  const Matrix seen = map.sandwich(gram_of(units));
  EXPECT_TRUE((seen.array() == 57.0).all()) << seen;
  EXPECT_TRUE((map.transposed_times(units).array() == 1.0).all());
  // A reciprocal that is rounded tells them apart.
  const AffineMap rounded = AffineMap::diagonal(Vector::Zero(units.size()), units.cwiseInverse(),
                                                Vector::Zero(units.size()));
  EXPECT_FALSE((rounded.sandwich(gram_of(units)).array() == 57.0).all());
}

TEST(AffineMap, DivisorsBeyondTheirSquaresAreTakenOneByOne) {
  const Vector units{{1e-200, 1e200}};
  const AffineMap map = AffineMap::divided(Vector::Zero(2), units);
  const Matrix gram{{2e-300, 3.0}, {3.0, 2e300}};
  const Matrix seen = map.sandwich(gram);
  EXPECT_DOUBLE_EQ(seen(0, 1), 3.0);
  EXPECT_NEAR(seen(0, 0), 2e100, 1e86);
  EXPECT_NEAR(seen(1, 1), 2e-100, 1e-114);
}

TEST(AffineMap, MapsAreEqualOnlyIfTheyDivideByTheSame) {
  // Two numbers with one reciprocal.
  const double a = 1.5, b = std::nextafter(a, 2.0);
  const AffineMap first = AffineMap::divided(Vector::Zero(1), Vector::Constant(1, a));
  const AffineMap second = AffineMap::divided(Vector::Zero(1), Vector::Constant(1, b));
  EXPECT_EQ(first.factor()[0], 1.0 / a);
  EXPECT_FALSE(first == second);
}

}  // namespace
}  // namespace superstep
