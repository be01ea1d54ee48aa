// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/products.hpp>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <math/gram_kernel.hpp>
#include <math/products_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

constexpr std::array<Index, 6> some_columns{1, 7, 8, 9, 100, 1100};
constexpr std::array<Index, 8> some_rows{1, 2, 7, 8, 9, 63, 65, 300};

// The contract word by word: one chain for each entry.
Rectangle chain_product(const Rectangle& x, const Rectangle& w, const double* start) {
  Rectangle z(x.rows(), w.columns());
  for (Index i = 0; i < x.rows(); ++i) {
    for (Index j = 0; j < w.columns(); ++j) {
      double sum = start == nullptr ? 0.0 : start[j];
      for (Index c = 0; c < x.columns(); ++c) sum = std::fma(x(i, c), w(c, j), sum);
      z(i, j) = sum;
    }
  }
  return z;
}

template <class P>
class ProductsOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(ProductsOnPack, Packs);

TYPED_TEST(ProductsOnPack, MultiplyIsOneChainForEachEntry) {
  for (const Index columns : some_columns) {
    for (const Index rows : some_rows) {
      const Rectangle x = Rectangle::random(rows, columns, 1);
      for (Index models = 1; models <= 17; ++models) {
        const Rectangle w = Rectangle::random(columns, models, 2);
        const Rectangle start = Rectangle::random(1, models, 3);
        Rectangle z(rows, models);
        multiply_with<TypeParam>(x, w, nullptr, z);
        ASSERT_TRUE(same_bits(z, chain_product(x, w, nullptr)))
            << rows << " x " << columns << " x " << models;
        multiply_with<TypeParam>(x, w, ConstPanel(start).data, z);
        ASSERT_TRUE(same_bits(z, chain_product(x, w, ConstPanel(start).data)))
            << rows << " x " << columns << " x " << models;
      }
    }
  }
}

TYPED_TEST(ProductsOnPack, MultiplyLeavesTheRestOfWiderRowsAlone) {
  for (const Index models : {1, 3, 5, 8, 13}) {
    const Rectangle x = Rectangle::random(101, 30, 1, 5);
    const Rectangle w = Rectangle::random(30, models, 2, 3);
    Rectangle z(101, models, 2);
    multiply_with<TypeParam>(x, w, nullptr, z);
    EXPECT_TRUE(same_bits(z, chain_product(x, w, nullptr)));
    EXPECT_TRUE(z.gaps_untouched());
  }
}

TYPED_TEST(ProductsOnPack, MultiplyTransposedIsOneChainForEachEntry) {
  for (const Index columns : {1, 7, 8, 9, 100, 130}) {
    for (const Index rows : {1, 8, 31, 257, 700}) {
      const Rectangle x = Rectangle::random(rows, columns, 4, columns % 3);
      for (const Index models : {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 40}) {
        const Rectangle r = Rectangle::random(rows, models, 5, models % 2);
        const Rectangle before = Rectangle::random(columns, models, 6);
        Rectangle g(columns, models, 1);
        Rectangle expected(columns, models);
        for (Index c = 0; c < columns; ++c) {
          for (Index j = 0; j < models; ++j) {
            g(c, j) = expected(c, j) = before(c, j);
            for (Index i = 0; i < rows; ++i) {
              expected(c, j) = std::fma(x(i, c), r(i, j), expected(c, j));
            }
          }
        }
        multiply_transposed_add_with<TypeParam>(x, r, g);
        ASSERT_TRUE(same_bits(g, expected)) << rows << " x " << columns << " x " << models;
        ASSERT_TRUE(g.gaps_untouched());
      }
    }
  }
}

TEST(Products, AModelAloneHasTheBitsItHasInABatch) {
  const Rectangle x = Rectangle::random(333, 50, 7);
  const Rectangle w = Rectangle::random(50, 29, 8);
  Rectangle z(333, 29);
  multiply(x, w, z);
  Rectangle g(50, 29);
  multiply_transposed_add(x, z, g);
  for (Index j = 0; j < 29; ++j) {
    Rectangle alone(333, 1);
    multiply(x, w.column(j), alone);
    EXPECT_TRUE(same_bits(alone, z.column(j)));
    Rectangle g_alone(50, 1);
    multiply_transposed_add(x, alone, g_alone);
    EXPECT_TRUE(same_bits(g_alone, g.column(j)));
  }
}

TEST(Products, RowsWithZeroResidualChangeNothing) {
  const Rectangle x = Rectangle::random(200, 20, 9);
  Rectangle r = Rectangle::random(200, 3, 10);
  Rectangle kept_x(150, 20), kept_r(150, 3);
  for (Index i = 0, kept = 0; i < 200; ++i) {
    if (i % 4 == 1) {
      for (Index j = 0; j < 3; ++j) r(i, j) = j == 0 ? -0.0 : 0.0;
      continue;
    }
    for (Index c = 0; c < 20; ++c) kept_x(kept, c) = x(i, c);
    for (Index j = 0; j < 3; ++j) kept_r(kept, j) = r(i, j);
    ++kept;
  }
  Rectangle g(20, 3), kept_g(20, 3);
  multiply_transposed_add(x, r, g);
  multiply_transposed_add(kept_x, kept_r, kept_g);
  EXPECT_TRUE(same_bits(g, kept_g));
}

TEST(Products, NoColumnsGiveTheStartAndNoRowsNothing) {
  const double start[] = {1.5, -2.0};
  Rectangle z = Rectangle::random(5, 2, 11);
  multiply(ConstPanel(nullptr, 5, 0), ConstPanel(nullptr, 0, 2), start, z);
  for (Index i = 0; i < 5; ++i) {
    EXPECT_EQ(z(i, 0), 1.5);
    EXPECT_EQ(z(i, 1), -2.0);
  }
  Rectangle g = Rectangle::random(4, 2, 12);
  const Rectangle before = g;
  multiply_transposed_add(ConstPanel(nullptr, 0, 4), ConstPanel(nullptr, 0, 2), g);
  EXPECT_TRUE(same_bits(g, before));
}

struct GramCase {
  Rectangle x, targets, weights, shift;
  std::vector<ExtraColumn> extra;
  GramCase(Index rows, Index columns, int extras)
      : x(Rectangle::random(rows, columns, 20, columns % 2)),
        targets(Rectangle::random(rows, 3, 21)),
        weights(Rectangle::random(rows, 1, 22)),
        shift(Rectangle::random(1, columns, 23)) {
    for (Index i = 0; i < rows; ++i) weights(i, 0) = std::fabs(weights(i, 0));
    for (int e = 0; e < extras; ++e) {
      if (e == 3) {
        extra.push_back({});
      } else {
        extra.push_back({targets.data() + e, 3, 0.25 * e});
      }
    }
  }
  GramInput input(bool weighted, bool shifted) {
    GramInput in;
    in.x = x;
    in.weights = weighted ? weights.data() : nullptr;
    in.shift = shifted ? shift.data() : nullptr;
    in.extra = extra;
    return in;
  }
};

Rectangle chain_gram(const GramInput& in, const Rectangle& before) {
  const Index width = in.width();
  std::vector<std::int32_t> rows;
  if (in.rows) {
    rows.assign(in.rows->begin(), in.rows->end());
  } else {
    rows.resize(static_cast<std::size_t>(in.x.rows));
    std::iota(rows.begin(), rows.end(), 0);
  }
  Rectangle g = before;
  for (const std::int32_t i : rows) {
    std::vector<double> a;
    for (Index c = 0; c < in.x.columns; ++c) {
      a.push_back(in.x.row(i)[c] - (in.shift == nullptr ? 0.0 : in.shift[c]));
    }
    for (const ExtraColumn& e : in.extra) {
      a.push_back(e.values == nullptr ? 1.0 : e.values[i * e.stride] - e.shift);
    }
    const double weight = in.weights == nullptr ? 1.0 : in.weights[i];
    for (Index p = 0; p < width; ++p) {
      for (Index q = p; q < width; ++q) {
        g(p, q) = std::fma(weight * a[static_cast<std::size_t>(p)], a[static_cast<std::size_t>(q)],
                           g(p, q));
      }
    }
  }
  return g;
}

TYPED_TEST(ProductsOnPack, GramIsOneChainForEachEntryOfTheUpperTriangle) {
  for (const Index columns : {1, 7, 8, 9, 31, 100}) {
    for (const Index rows : {1, 8, 33, 500}) {
      for (const int extras : {0, 1, 4}) {
        GramCase data(rows, columns, extras);
        for (const int options : {0, 1, 2, 3}) {
          const GramInput in = data.input((options & 1) != 0, (options & 2) != 0);
          const Rectangle before = Rectangle::random(in.width(), in.width(), 24);
          Rectangle g = before;
          gram_add_with<TypeParam>(in, g.data());
          ASSERT_TRUE(same_bits(g, chain_gram(in, before)))
              << rows << " x " << columns << " + " << extras << ", options " << options;
        }
      }
    }
  }
}

TEST(Gram, TakesListedRowsInTheirOrder) {
  GramCase data(400, 13, 4);
  GramInput in = data.input(true, true);
  const std::vector<std::int32_t> rows{5, 399, 17, 18, 0, 200};
  in.rows = rows;
  const Rectangle before(in.width(), in.width());
  Rectangle g = before;
  gram_add(in, g.data());
  EXPECT_TRUE(same_bits(g, chain_gram(in, before)));
}

TEST(Gram, AnEmptyListTakesNoRow) {
  GramCase data(10, 3, 1);
  GramInput in = data.input(false, false);
  in.rows = std::span<const std::int32_t>();
  const Rectangle before = Rectangle::random(4, 4, 25);
  Rectangle g = before;
  gram_add(in, g.data());
  EXPECT_TRUE(same_bits(g, before));
}

TEST(Gram, ZeroWeightsLeaveRowsOut) {
  GramCase data(300, 20, 4);
  std::vector<std::int32_t> kept;
  for (std::int32_t i = 0; i < 300; ++i) {
    data.weights(i, 0) = i % 3 == 0 ? 0.0 : 1.0;
    if (i % 3 != 0) kept.push_back(i);
  }
  GramInput masked = data.input(true, true);
  GramInput listed = data.input(false, true);
  listed.rows = kept;
  Rectangle a(masked.width(), masked.width()), b = a;
  gram_add(masked, a.data());
  gram_add(listed, b.data());
  EXPECT_TRUE(same_bits(a, b));
}

TEST(Gram, OnesGiveSumsAndTheSumOfWeights) {
  GramCase data(100, 2, 4);
  const GramInput in = data.input(true, false);
  const Index width = in.width();
  Rectangle g(width, width);
  gram_add(in, g.data());
  long double weight = 0, sum = 0;
  for (Index i = 0; i < 100; ++i) {
    weight += data.weights(i, 0);
    sum += static_cast<long double>(data.weights(i, 0)) * data.x(i, 1);
  }
  EXPECT_NEAR(g(width - 1, width - 1), static_cast<double>(weight), 1e-12);
  EXPECT_NEAR(g(1, width - 1), static_cast<double>(sum), 1e-12);
}

}  // namespace
}  // namespace superstep::math
