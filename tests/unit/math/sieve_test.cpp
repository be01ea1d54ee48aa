// SPDX-License-Identifier: BSD-3-Clause
// The first look in single precision: where it says which centre is nearest, double precision says
// so, too; where two are as near as it can tell, it says nothing.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <math/distances_kernels.hpp>
#include <math/sieve_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
using FloatPacks = ::testing::Types<simd::Avx512Floats, simd::Avx2Floats, simd::PortableFloats<4>>;
#elif defined(__AVX2__) && defined(__FMA__)
using FloatPacks = ::testing::Types<simd::Avx2Floats, simd::PortableFloats<4>>;
#else
using FloatPacks = ::testing::Types<simd::PortableFloats<4>>;
#endif

/// What both looks say of some rows.
struct Looks {
  std::vector<std::int32_t> exact, first;
  std::vector<std::int32_t> open;
  bool is_open(std::int32_t row) const { return std::ranges::find(open, row) != open.end(); }
};

template <class F>
Looks look(const Rectangle& x, const Rectangle& centers) {
  Looks looks;
  const auto rows = static_cast<std::size_t>(x.rows());
  looks.exact.resize(rows);
  looks.first.resize(rows);
  std::vector<double> half(static_cast<std::size_t>(centers.rows()));
  half_squared_norms(centers, half.data());
  std::vector<double> negated(static_cast<std::size_t>(centers.rows() * centers.columns()));
  pack_centers_with<simd::NativePack>(centers, negated.data());
  AlignedBuffer lanes;
  const PackedRows packed =
      pack_rows_with<simd::NativePack>(x, lanes.reserve(packed_rows_size(x.rows(), x.columns())));
  nearest_with<simd::NativePack>(packed, {centers.rows(), negated.data(), half.data()},
                                 looks.exact.data(), nullptr);
  sieve_with<F>(packed, sieve_centers_with<F>(centers, half.data()), looks.first.data(),
                looks.open);
  return looks;
}

void expect_right_or_open(const Looks& looks) {
  for (std::size_t i = 0; i < looks.exact.size(); ++i) {
    if (looks.is_open(static_cast<std::int32_t>(i))) continue;
    ASSERT_EQ(looks.first[i], looks.exact[i]) << "row " << i;
  }
}

template <class F>
class SieveOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(SieveOnPack, FloatPacks);

TYPED_TEST(SieveOnPack, KnowsTheNearestOfMostRows) {
  for (const Index k : {1, 2, 5, 8, 9, 23, 50}) {
    for (const Index columns : {1, 3, 20, 70}) {
      for (const Index rows : {1, 16, 47, 48, 300}) {
        const Looks looks =
            look<TypeParam>(Rectangle::random(rows, columns, 1), Rectangle::random(k, columns, 2));
        expect_right_or_open(looks);
        EXPECT_LE(std::ssize(looks.open), 1 + rows / 50)
            << rows << " x " << columns << ", k = " << k;
      }
    }
  }
}

// Rows between two centres, nearer to one by a share of the bound from far below it to far above.
TYPED_TEST(SieveOnPack, SaysNothingAtItsEdge) {
  const auto seed = static_cast<unsigned>(std::time(nullptr) / 86400);
  this->RecordProperty("seed", static_cast<int>(seed));
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  Index open = 0, known = 0;
  for (int turn = 0; turn < 200; ++turn) {
    const Index columns = 1 + static_cast<Index>(engine() % 40), k = 6, rows = 64;
    const double scale = std::ldexp(1.0, static_cast<int>(engine() % 60) - 30);
    Rectangle centers(k, columns), x(rows, columns);
    for (Index j = 0; j < k; ++j) {
      for (Index c = 0; c < columns; ++c) centers(j, c) = scale * (normal(engine) + 5.0);
    }
    for (Index i = 0; i < rows; ++i) {
      const auto a = static_cast<Index>(engine() % 6), b = (a + 1) % k;
      const double off = std::ldexp(normal(engine), -static_cast<int>(engine() % 30));
      for (Index c = 0; c < columns; ++c) {
        x(i, c) = 0.5 * ((1 + off) * centers(a, c) + (1 - off) * centers(b, c));
      }
    }
    const Looks looks = look<TypeParam>(x, centers);
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", turn " << turn);
    expect_right_or_open(looks);
    open += std::ssize(looks.open);
    known += rows - std::ssize(looks.open);
  }
  EXPECT_GT(open, 1000);  // the edge was met
  EXPECT_GT(known, 1000);
}

TYPED_TEST(SieveOnPack, SaysNothingOfEqualCentres) {
  Rectangle centers = Rectangle::random(8, 5, 3);
  for (Index c = 0; c < 5; ++c) centers(7, c) = centers(2, c);
  Rectangle x(20, 5);
  for (Index i = 0; i < 20; ++i) {
    for (Index c = 0; c < 5; ++c) x(i, c) = centers(2, c);
  }
  EXPECT_EQ(std::ssize(look<TypeParam>(x, centers).open), 20);
}

TYPED_TEST(SieveOnPack, SaysNothingWhereFloatsEnd) {
  for (const double scale :
       {1e-50, 1e-42, 1e-38, 1e-20, 1e15, 1e18, 1e19, 1e25, 1e38, 1e60, 1e150}) {
    Rectangle centers = Rectangle::random(9, 6, 4), x = Rectangle::random(100, 6, 5);
    for (Index c = 0; c < 6; ++c) {
      for (Index j = 0; j < 9; ++j) centers(j, c) *= scale;
      for (Index i = 0; i < 100; ++i) x(i, c) *= scale;
    }
    SCOPED_TRACE(scale);
    const Looks looks = look<TypeParam>(x, centers);
    expect_right_or_open(looks);
    if (scale > 1e18 || scale < 1e-30) {
      EXPECT_EQ(std::ssize(looks.open), 100);
    }
  }
}

// Scores that cancel: far beyond the floats on the way, small in the end.
TYPED_TEST(SieveOnPack, SaysNothingWhereStepsOverflow) {
  Rectangle centers(6, 2), x(16, 2);
  for (Index j = 0; j < 6; ++j) {
    centers(j, 0) = 2e19;
    centers(j, 1) = static_cast<double>(j) * 1e12;
  }
  for (Index i = 0; i < 16; ++i) {
    x(i, 0) = 1e19;
    x(i, 1) = static_cast<double>(i);
  }
  const Looks looks = look<TypeParam>(x, centers);
  expect_right_or_open(looks);
  EXPECT_EQ(std::ssize(looks.open), 16);
}

}  // namespace
}  // namespace superstep::math
