// SPDX-License-Identifier: BSD-3-Clause
// Kernels for sparse rows beside those for the same rows written out: the same bits.
#include <superstep/math/sparse.hpp>

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <superstep/math/column_stats.hpp>
#include <superstep/math/products.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

/// Rows of which a third of the values is stored, some of them zeros; every fifth row is empty.
struct Drawn {
  Drawn(Index rows, Index columns, unsigned seed) : dense(rows, columns) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    for (Index i = 0; i < rows; ++i) {
      begins.push_back(std::ssize(values));
      for (Index c = 0; c < columns && i % 5 != 4; ++c) {
        if (engine() % 3 != 0) continue;
        const float value = engine() % 7 == 0 ? 0.0F : static_cast<float>(normal(engine));
        dense(i, c) = double{value};
        places.push_back(static_cast<std::int32_t>(c));
        floats.push_back(value);
        values.push_back(double{value});
      }
    }
    begins.push_back(std::ssize(values));
  }
  SparsePanel panel() const {
    return {begins.data(), begins.data() + 1, places.data(), values.data(), dense.rows()};
  }
  SparseFloats float_panel() const {
    return {begins.data(), begins.data() + 1, places.data(), floats.data(), dense.rows()};
  }

  Rectangle dense;
  std::vector<Index> begins;
  std::vector<std::int32_t> places;
  std::vector<double> values;
  std::vector<float> floats;
};

void expect_equal(const Rectangle& a, const Rectangle& b) {
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index c = 0; c < a.columns(); ++c) EXPECT_EQ(a(i, c), b(i, c)) << i << ", " << c;
  }
}

TEST(SparseTest, ProductsHaveTheBitsOfDenseRows) {
  for (const Index columns : {1, 9, 70}) {
    for (const Index models : {1, 2, 7, 8, 9, 32, 33, 45}) {
      const Drawn x(37, columns, 3);
      const Rectangle w = Rectangle::random(columns, models, 1, 1);
      Rectangle start = Rectangle::random(1, models, 2);
      Rectangle expected(37, models), z(37, models, 2), of_floats(37, models);
      multiply(x.dense, w, start.data(), expected);
      multiply(x.panel(), w, start.data(), z);
      multiply(x.float_panel(), w, start.data(), of_floats);
      expect_equal(z, expected);
      expect_equal(of_floats, expected);

      const Rectangle r = Rectangle::random(37, models, 4);
      Rectangle g = Rectangle::random(columns, models, 5), sparse_g = g, float_g = g;
      multiply_transposed_add(x.dense, r, g);
      multiply_transposed_add(x.panel(), r, sparse_g);
      multiply_transposed_add(x.float_panel(), r, float_g);
      expect_equal(sparse_g, g);
      expect_equal(float_g, g);
    }
  }
}

TEST(SparseTest, SomeRows) {
  const Drawn x(20, 11, 8);
  Rectangle all(20, 11), some(6, 11);
  write_out(x.panel(), all);
  write_out(x.float_panel().middle_rows(7, 6), some);
  expect_equal(all, x.dense);
  for (Index i = 0; i < 6; ++i) {
    for (Index c = 0; c < 11; ++c) EXPECT_EQ(some(i, c), x.dense(7 + i, c));
  }
}

TEST(SparseTest, SecondMomentsHaveTheBitsOfDenseRows) {
  for (const Index columns : {1, 7, 16, 45}) {
    const Drawn x(300, columns, 12);
    std::vector<double> weights;
    for (int i = 0; i < 300; ++i) weights.push_back(i % 4 == 0 ? 0.0 : 0.1 * i);
    for (const double* w :
         {static_cast<const double*>(nullptr), static_cast<const double*>(weights.data())}) {
      const ExtraColumn one;
      Rectangle dense = Rectangle::random(columns + 1, columns + 1, 13);
      Rectangle sparse = dense, of_floats = dense;
      gram_add({x.dense, w, nullptr, {&one, 1}}, dense.data());
      gram_add(x.panel(), columns, w, sparse.data());
      gram_add(x.float_panel(), columns, w, of_floats.data());
      expect_equal(sparse, dense);
      expect_equal(of_floats, dense);
    }
  }
}

TEST(SparseTest, FewProducts) {
  const std::vector<Index> begin{0, 2, 4, 6};
  const SparsePanel x{begin.data(), begin.data() + 1, nullptr, nullptr, 3};
  EXPECT_TRUE(has_few_products(x, 9));
  EXPECT_FALSE(has_few_products(x, 8));
}

TEST(SparseTest, ClassSumsHaveTheBitsOfDenseRows) {
  const Drawn x(50, 13, 9);
  std::vector<double> codes, weights;
  for (int i = 0; i < 50; ++i) {
    codes.push_back(i * 7 % 3);
    weights.push_back(i % 4 == 0 ? 0.0 : 0.1 * i);
  }
  for (const double* w :
       {static_cast<const double*>(nullptr), static_cast<const double*>(weights.data())}) {
    Rectangle sums(3, 13), squares(3, 13), of_sparse(13, 3), squares_of_sparse(13, 3);
    double weight_sums[3] = {};
    class_moments_add(x.dense, codes.data(), w, nullptr, {sums, squares, weight_sums});
    class_sums_add(x.panel(), codes.data(), w, of_sparse, squares_of_sparse);
    for (Index k = 0; k < 3; ++k) {
      for (Index c = 0; c < 13; ++c) {
        EXPECT_EQ(of_sparse(c, k), sums(k, c));
        EXPECT_EQ(squares_of_sparse(c, k), squares(k, c));
      }
    }
  }
}

}  // namespace
}  // namespace superstep::math
