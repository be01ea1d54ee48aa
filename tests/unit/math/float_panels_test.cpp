// SPDX-License-Identifier: BSD-3-Clause
// Kernels that read features kept as floats: the bits are those of the same values widened before.
#include <array>
#include <cmath>
#include <ctime>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <math/assignment_kernels.hpp>
#include <math/column_stats_kernels.hpp>
#include <math/gram_kernel.hpp>
#include <math/scaling_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

/// Floats of all magnitudes, denormal ones among them, and the same as doubles. Rows are `gap`
/// values farther apart than they need to be.
class Twins {
 public:
  Twins(Index rows, Index columns, unsigned seed, Index gap)
      : rows_(rows), columns_(columns), stride_(columns + gap) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<float> normal;
    std::uniform_int_distribution<int> exponent(-140, 20);
    for (Index i = 0; i < rows * stride_; ++i) {
      const bool is_odd = engine() % 7 == 0;
      narrow_.push_back(is_odd ? std::ldexp(1.0F, exponent(engine)) : normal(engine));
      wide_.push_back(narrow_.back());
    }
  }
  void set_nan(Index i) {
    narrow_[static_cast<std::size_t>(i)] = std::numeric_limits<float>::quiet_NaN();
    wide_[static_cast<std::size_t>(i)] = std::numeric_limits<double>::quiet_NaN();
  }
  FloatPanel narrow() const { return {narrow_.data(), rows_, columns_, stride_}; }
  ConstPanel wide() const { return {wide_.data(), rows_, columns_, stride_}; }

 private:
  Index rows_, columns_, stride_;
  std::vector<float> narrow_;
  std::vector<double> wide_;
};

unsigned seed_of_today() {
  static const auto seed = [] {
    const auto today = static_cast<unsigned>(std::time(nullptr) / 86400);
    ::testing::Test::RecordProperty("seed", static_cast<int>(today));
    return today;
  }();
  return seed;
}

constexpr std::array<Index, 7> some_columns{1, 3, 7, 8, 13, 33, 100};

template <class P>
class FloatPanelsOnPack : public ::testing::Test {
 protected:
  /// Calls f(twins, weights of the rows, values of the columns, codes of the rows: 0, 1 or 2).
  template <class F>
  void each(F f) {
    for (const Index columns : some_columns) {
      for (const Index rows : {Index{1}, Index{9}, Index{300}}) {
        const unsigned seed = seed_of_today() + static_cast<unsigned>(columns * 1000 + rows);
        SCOPED_TRACE(::testing::Message() << rows << " x " << columns << ", seed " << seed);
        const Twins twins(rows, columns, seed, columns % 4);
        Rectangle weights = Rectangle::random(1, rows, seed + 1);
        Rectangle of_columns = Rectangle::random(1, columns, seed + 2);
        Rectangle codes(1, rows);
        for (Index i = 0; i < rows; ++i) codes(0, i) = static_cast<double>(i * i % 3);
        f(twins, weights.data(), of_columns.data(), codes.data());
      }
    }
  }
};
TYPED_TEST_SUITE(FloatPanelsOnPack, Packs);

TYPED_TEST(FloatPanelsOnPack, GramIsThatOfTheWidened) {
  this->each([](const Twins& t, const double* weights, const double* shift, const double* codes) {
    const std::array extra{ExtraColumn{codes, 1, 0.25}, ExtraColumn{}};
    std::vector<std::int32_t> some;
    for (Index i = 0; i < t.wide().rows; i += 3) some.push_back(static_cast<std::int32_t>(i));
    for (const double* w : {static_cast<const double*>(nullptr), weights}) {
      GramInput wide{t.wide(), w, shift, extra, {}};
      FloatGramInput narrow{t.narrow(), w, shift, extra, {}};
      for (int chosen = 0; chosen < 2; ++chosen) {
        if (chosen == 1) wide.rows = narrow.rows = some;
        Rectangle expected(wide.width(), wide.width()), gram(wide.width(), wide.width());
        gram_add_with<TypeParam>(wide, expected.data());
        gram_add_with<TypeParam, float>(narrow, gram.data());
        EXPECT_TRUE(same_bits(gram, expected));
      }
    }
  });
}

TYPED_TEST(FloatPanelsOnPack, ClassSumsAreThoseOfTheWidened) {
  this->each([](const Twins& t, const double* weights, const double* shift, const double* codes) {
    const Index d = t.wide().columns;
    Rectangle sums(3, d), squares(3, d), weight(1, 3), plain(3, d);
    Rectangle sums_f(3, d), squares_f(3, d), weight_f(1, 3), plain_f(3, d);
    class_moments_add_with<TypeParam>(t.wide(), codes, weights, shift,
                                      {sums, squares, weight.data()});
    class_moments_add_with<TypeParam, float>(t.narrow(), codes, weights, shift,
                                             {sums_f, squares_f, weight_f.data()});
    class_sums_add_with<TypeParam>(t.wide(), codes, weights, plain);
    class_sums_add_with<TypeParam, float>(t.narrow(), codes, weights, plain_f);
    EXPECT_TRUE(same_bits(sums_f, sums));
    EXPECT_TRUE(same_bits(squares_f, squares));
    EXPECT_TRUE(same_bits(weight_f, weight));
    EXPECT_TRUE(same_bits(plain_f, plain));
  });
}

TYPED_TEST(FloatPanelsOnPack, ExtremesAreThoseOfTheWidened) {
  this->each([](const Twins& t, const double*, const double*, const double*) {
    const Index d = t.wide().columns;
    Rectangle low(1, d), high(1, d), greatest(1, d), low_f(1, d), high_f(1, d), greatest_f(1, d);
    column_range_add_with<TypeParam>(t.wide(), low.data(), high.data());
    column_range_add_with<TypeParam, float>(t.narrow(), low_f.data(), high_f.data());
    column_max_abs_add_with<TypeParam>(t.wide(), greatest.data());
    column_max_abs_add_with<TypeParam, float>(t.narrow(), greatest_f.data());
    EXPECT_TRUE(same_bits(low_f, low));
    EXPECT_TRUE(same_bits(high_f, high));
    EXPECT_TRUE(same_bits(greatest_f, greatest));
  });
}

TYPED_TEST(FloatPanelsOnPack, MomentsAreThoseOfTheWidenedWhereValuesAreMissing) {
  this->each([](Twins t, const double* weights, const double* shift, const double*) {
    const Index d = t.wide().columns;
    for (Index i = 0; i < t.wide().rows * d; i += 11) t.set_nan(i);
    Rectangle a(3, d), b(3, d);
    column_moments_add_with<TypeParam>(t.wide(), weights, shift,
                                       {a.data(), a.data() + d, a.data() + 2 * d});
    column_moments_add_with<TypeParam, float>(t.narrow(), weights, shift,
                                              {b.data(), b.data() + d, b.data() + 2 * d});
    EXPECT_TRUE(same_bits(b, a));
  });
}

TYPED_TEST(FloatPanelsOnPack, CentredRowsAreThoseOfTheWidened) {
  this->each([](const Twins& t, const double*, const double* origin, const double*) {
    const Index rows = t.wide().rows, d = padded(t.wide().columns);
    std::vector<std::int32_t> backwards(static_cast<std::size_t>(rows));
    std::iota(backwards.rbegin(), backwards.rend(), 0);
    for (const std::int32_t* chosen : {static_cast<const std::int32_t*>(nullptr),
                                       static_cast<const std::int32_t*>(backwards.data())}) {
      Rectangle a(rows, d), b(rows, d);
      centre_rows_with<TypeParam>(t.wide(), chosen, origin, a);
      centre_rows_with<TypeParam, float>(t.narrow(), chosen, origin, b);
      EXPECT_TRUE(same_bits(b, a));
    }
  });
}

}  // namespace
}  // namespace superstep::math
