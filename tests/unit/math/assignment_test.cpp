// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/assignment.hpp>

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <math/assignment_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

std::vector<std::int32_t> centers_of(Index rows, Index k) {
  std::vector<std::int32_t> index;
  for (Index i = 0; i < rows; ++i) index.push_back(static_cast<std::int32_t>((i * i + 3) % k));
  return index;
}

/// The contract of add_assigned, word by word.
double add_plainly(const Rectangle& x, const std::vector<std::int32_t>& index,
                   const double* weights, const Rectangle& centers, Rectangle& sums,
                   double* totals) {
  double lane[32] = {};
  for (Index j = 0; j < centers.rows(); ++j) {
    for (Index stretch = 0; stretch < x.columns(); stretch += 32) {
      for (Index i = 0; i < x.rows(); ++i) {
        if (index[static_cast<std::size_t>(i)] != j) continue;
        const double w = weights == nullptr ? 1.0 : weights[i];
        for (Index c = stretch; c < std::min(stretch + 32, x.columns()); ++c) {
          const double d = x(i, c) - centers(j, c);
          lane[c % 32] = std::fma(w * d, d, lane[c % 32]);
          sums(j, c) = std::fma(w, x(i, c), sums(j, c));
        }
        if (stretch == 0) totals[j] += w;
      }
    }
  }
  double all[8];
  for (int l = 0; l < 8; ++l) all[l] = (lane[l] + lane[l + 16]) + (lane[l + 8] + lane[l + 24]);
  return simd::lane_sum(all);
}

template <class P>
class AssignmentOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(AssignmentOnPack, Packs);

TYPED_TEST(AssignmentOnPack, AddsToItsCentre) {
  for (const Index columns : {8, 16, 24, 32, 40, 88}) {
    for (const Index rows : {1, 3, 4, 37}) {
      for (const bool is_weighted : {false, true}) {
        constexpr Index k = 5;
        const Rectangle x = Rectangle::random(rows, columns, 1, 3);
        const Rectangle centers = Rectangle::random(k, columns, 2, 1);
        Rectangle weights = Rectangle::random(1, rows, 3);
        const double* w = is_weighted ? weights.data() : nullptr;
        const std::vector<std::int32_t> index = centers_of(rows, k);
        Rectangle sums = Rectangle::random(k, columns, 4, 2), expected_sums = sums;
        Rectangle totals(1, k), expected_totals = totals;
        const auto add =
            is_weighted ? add_assigned_with<TypeParam, true> : add_assigned_with<TypeParam, false>;
        const double squares = add(x, index.data(), w, centers, {sums, totals.data()});
        EXPECT_TRUE(same_bits(
            squares, add_plainly(x, index, w, centers, expected_sums, expected_totals.data())));
        EXPECT_TRUE(same_bits(sums, expected_sums)) << rows << " x " << columns;
        EXPECT_TRUE(same_bits(totals, expected_totals));
        EXPECT_TRUE(sums.gaps_untouched());
      }
    }
  }
}

TYPED_TEST(AssignmentOnPack, CentresAndPads) {
  for (const Index columns : {1, 3, 4, 7, 8, 9, 21}) {
    const Rectangle x = Rectangle::random(11, columns, 1, 2);
    Rectangle origin = Rectangle::random(1, columns, 2);
    Rectangle out = Rectangle::random(11, padded(columns), 3);
    const std::vector<std::int32_t> some = {3, 3, 10, 0, 7};
    for (const bool choose : {false, true}) {
      Panel to = out;
      to.rows = choose ? 5 : 11;
      centre_rows_with<TypeParam>(x, choose ? some.data() : nullptr, origin.data(), to);
      for (Index i = 0; i < to.rows; ++i) {
        const Index from = choose ? some[static_cast<std::size_t>(i)] : i;
        for (Index c = 0; c < padded(columns); ++c) {
          const double expected = c < columns ? x(from, c) - origin(0, c) : 0.0;
          ASSERT_TRUE(same_bits(out(i, c), expected)) << columns << " columns: " << i << ", " << c;
        }
      }
    }
  }
}

TEST(Assignment, WeightsOfOneAreNoWeights) {
  const Rectangle x = Rectangle::random(50, 24, 1);
  const Rectangle centers = Rectangle::random(3, 24, 2);
  const std::vector<double> ones(50, 1.0);
  const std::vector<std::int32_t> index = centers_of(50, 3);
  Rectangle a(3, 24), b(3, 24), totals(2, 3);
  EXPECT_TRUE(
      same_bits(add_assigned(x, index.data(), nullptr, centers, {a, totals.data()}),
                add_assigned(x, index.data(), ones.data(), centers, {b, totals.data() + 3})));
  EXPECT_TRUE(same_bits(a, b));
}

}  // namespace
}  // namespace superstep::math
