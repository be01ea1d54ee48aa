// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/gaussian.hpp>

#include <cmath>

#include <gtest/gtest.h>

#include <math/gaussian_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

double exponent(const Rectangle& x, Index i, const Rectangle& centres, const Rectangle& factors,
                Index k, double start) {
  double z = start;
  for (Index c = 0; c < x.columns(); ++c) {
    const double u = (x(i, c) - centres(k, c)) * factors(k, c);
    z = std::fma(-u, u, z);
  }
  return z;
}

template <class P>
class GaussianOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(GaussianOnPack, Packs);

TYPED_TEST(GaussianOnPack, EveryShape) {
  for (const Index columns : {1, 5, 8, 40}) {
    for (const Index n : {1, 2, 3, 4, 5, 11}) {
      const Rectangle centres = Rectangle::random(n, columns, 1, 2);
      const Rectangle factors = Rectangle::random(n, columns, 2);
      const Rectangle start = Rectangle::random(1, n, 3);
      for (const Index rows : {1, 7, 16, 37}) {
        const Rectangle x = Rectangle::random(rows, columns, 4, 1);
        Rectangle z(rows, n, 3);
        diagonal_gaussians_with<TypeParam>(x, centres, factors, ConstPanel(start).data, z);
        for (Index i = 0; i < rows; ++i) {
          for (Index k = 0; k < n; ++k) {
            ASSERT_TRUE(same_bits(z(i, k), exponent(x, i, centres, factors, k, start(0, k))))
                << rows << " x " << columns << ", " << n;
          }
        }
        ASSERT_TRUE(z.gaps_untouched());
      }
    }
  }
}

TEST(Gaussian, FarFromZeroNothingIsLost) {
  Rectangle x(2, 1), centre(1, 1), factor(1, 1), z(2, 1);
  x(0, 0) = 1e9 + 0.5;
  x(1, 0) = 1e9 - 0.25;
  centre(0, 0) = 1e9;
  factor(0, 0) = 1;
  const double start = 0;
  diagonal_gaussians(x, centre, factor, &start, z);
  EXPECT_EQ(z(0, 0), -0.25);
  EXPECT_EQ(z(1, 0), -0.0625);
}

}  // namespace
}  // namespace superstep::math
