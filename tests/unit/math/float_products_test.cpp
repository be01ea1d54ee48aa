// SPDX-License-Identifier: BSD-3-Clause
// Products in single precision: the chains that products.hpp promises, with every pack.
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <math/float_products_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

class Floats {
 public:
  Floats(Index rows, Index columns, unsigned seed, Index gap = 0)
      : rows_(rows), columns_(columns), stride_(columns + gap) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<float> normal;
    for (Index i = 0; i < rows * stride_; ++i) values_.push_back(normal(engine));
  }
  float operator()(Index i, Index j) const {
    return values_[static_cast<std::size_t>(i * stride_ + j)];
  }
  FloatPanel panel() const { return {values_.data(), rows_, columns_, stride_}; }
  WritableFloats writable() { return {values_.data(), rows_, columns_, stride_}; }

 private:
  Index rows_, columns_, stride_;
  std::vector<float> values_;
};

template <class F>
class FloatProducts : public ::testing::Test {};
#if defined(__AVX512F__) && defined(__AVX512DQ__)
using FloatPacks = ::testing::Types<simd::Avx512Floats, simd::Avx2Floats, simd::PortableFloats<4>>;
#elif defined(__AVX2__) && defined(__FMA__)
using FloatPacks = ::testing::Types<simd::Avx2Floats, simd::PortableFloats<4>>;
#else
using FloatPacks = ::testing::Types<simd::PortableFloats<4>>;
#endif
TYPED_TEST_SUITE(FloatProducts, FloatPacks);

constexpr std::array<Index, 9> some_columns{1, 7, 8, 15, 16, 17, 33, 50, 300};
constexpr std::array<Index, 5> some_models{1, 2, 7, 17, 60};

TYPED_TEST(FloatProducts, EntriesAreOneChainOfFloats) {
  for (const Index columns : some_columns) {
    for (const Index rows : {1, 7, 16, 33, 100}) {
      const Floats x(rows, columns, 1, columns % 3);
      for (const Index models : some_models) {
        const Floats w(columns, models, 2, models % 2);
        Floats z(rows, models, 3);
        multiply_floats_with<TypeParam>(x.panel(), w.panel(), z.writable());
        for (Index i = 0; i < rows; ++i) {
          for (Index j = 0; j < models; ++j) {
            float chain = 0.0F;
            for (Index c = 0; c < columns; ++c) chain = std::fma(x(i, c), w(c, j), chain);
            ASSERT_EQ(z(i, j), chain) << rows << " x " << columns << " x " << models;
          }
        }
      }
    }
  }
}

TYPED_TEST(FloatProducts, TransposedChainsEndInDoubles) {
  for (const Index columns : some_columns) {
    for (const Index rows : {Index{1}, Index{40}, float_chain, float_chain + 1, Index{700}}) {
      const Floats x(rows, columns, 4, columns % 3);
      for (const Index models : some_models) {
        const Floats r(rows, models, 5);
        Rectangle g = Rectangle::random(columns, models, 6);
        Rectangle expected = g;
        for (Index c = 0; c < columns; ++c) {
          for (Index j = 0; j < models; ++j) {
            for (Index first = 0; first < rows; first += float_chain) {
              float chain = 0.0F;
              for (Index i = first; i < std::min(rows, first + float_chain); ++i) {
                chain = std::fma(x(i, c), r(i, j), chain);
              }
              expected(c, j) += static_cast<double>(chain);
            }
          }
        }
        multiply_transposed_floats_with<TypeParam>(x.panel(), r.panel(), g);
        ASSERT_TRUE(same_bits(g, expected)) << rows << " x " << columns << " x " << models;
      }
    }
  }
}

TYPED_TEST(FloatProducts, ShiftsAreSubtractedOnce) {
  const Floats x(9, 37, 7), shift(1, 37, 8);
  Floats out(9, 37, 9);
  subtract_with<TypeParam>(x.panel(), shift.panel().data, out.writable());
  for (Index i = 0; i < 9; ++i) {
    for (Index j = 0; j < 37; ++j) ASSERT_EQ(out(i, j), x(i, j) - shift(0, j));
  }
}

template <class P>
class Conversions : public ::testing::Test {};
TYPED_TEST_SUITE(Conversions, Packs);

TYPED_TEST(Conversions, WidenAndNarrow) {
  for (const Index models : {1, 5, 8, 19}) {
    const Floats z(21, models, 10);
    const Rectangle start = Rectangle::random(1, models, 11);
    Rectangle wide(21, models);
    widen_with<TypeParam>(z.panel(), ConstPanel(start).data, wide);
    Floats back(21, models, 12);
    narrow_with<TypeParam>(wide, back.writable());
    for (Index i = 0; i < 21; ++i) {
      for (Index j = 0; j < models; ++j) {
        ASSERT_TRUE(same_bits(wide(i, j), static_cast<double>(z(i, j)) + start(0, j)));
        ASSERT_EQ(back(i, j), static_cast<float>(wide(i, j)));
      }
    }
  }
}

}  // namespace
}  // namespace superstep::math
