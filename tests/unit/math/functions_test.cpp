// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/functions.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <math/functions_kernels.hpp>

#include "packs.hpp"

namespace superstep::math {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double largest = std::numeric_limits<double>::max();

// Distance to the true value in units of the last place of the double nearest to it. long double is
// the reference: its own error of 2^-11 such units does not matter.
double error_ulp(double value, long double truth) {
  const double rounded = static_cast<double>(truth);
  if (std::isnan(value) || std::isnan(rounded)) return bits(value) == bits(rounded) ? 0 : infinity;
  if (std::isinf(value) || std::isinf(rounded)) return value == rounded ? 0 : infinity;
  const double unit =
      std::fmax(std::nextafter(std::fabs(rounded), infinity) - std::fabs(rounded), smallest);
  return static_cast<double>(std::fabs(static_cast<long double>(value) - truth) / unit);
}

std::vector<double> arguments(double low, double high, int count, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> x(static_cast<std::size_t>(count));
  for (double& value : x) value = uniform(engine);
  return x;
}

// 2^uniform: all magnitudes alike.
std::vector<double> magnitudes(double low, double high, int count, unsigned seed) {
  std::vector<double> x = arguments(low, high, count, seed);
  for (double& value : x) value = std::exp2(value);
  return x;
}

template <class Own, class Truth>
void expect_accurate(const std::vector<double>& x, Own own, Truth truth, double bound) {
  double worst = 0, where = 0;
  for (const double value : x) {
    const double error = error_ulp(own(value), truth(static_cast<long double>(value)));
    if (error > worst) {
      worst = error;
      where = value;
    }
  }
  EXPECT_LT(worst, bound) << "at " << where;
}

double own_exp(double x) { return exp(x); }
double own_log(double x) { return log(x); }
double own_log1p(double x) { return log1p(x); }
long double true_exp(long double x) { return std::exp(x); }
long double true_log(long double x) { return std::log(x); }
long double true_log1p(long double x) { return std::log1p(x); }

TEST(Functions, ExpIsAccurate) {
  expect_accurate(arguments(-1, 1, 200000, 1), own_exp, true_exp, 1.0);
  expect_accurate(arguments(-708, 709.7, 200000, 2), own_exp, true_exp, 1.0);
  expect_accurate(arguments(-746, -708, 50000, 3), own_exp, true_exp, 1.0);  // subnormal results
  expect_accurate(magnitudes(-80, 0, 50000, 4), own_exp, true_exp, 1.0);
}

TEST(Functions, LogIsAccurate) {
  expect_accurate(arguments(0.5, 2, 200000, 5), own_log, true_log, 1.0);
  expect_accurate(arguments(0.999, 1.001, 200000, 6), own_log, true_log, 1.0);
  expect_accurate(magnitudes(-1074, 1023.9, 200000, 7), own_log, true_log, 1.0);
}

TEST(Functions, Log1pIsAccurate) {
  expect_accurate(arguments(-0.999, 1, 200000, 8), own_log1p, true_log1p, 1.0);
  expect_accurate(magnitudes(-60, 3, 200000, 9), own_log1p, true_log1p, 1.0);
  expect_accurate(magnitudes(3, 1023.9, 50000, 10), own_log1p, true_log1p, 1.0);
  std::vector<double> negative = magnitudes(-60, -0.001, 200000, 11);
  for (double& value : negative) value = -value;
  expect_accurate(negative, own_log1p, true_log1p, 1.0);
}

TEST(Functions, Log1pFromRatioIsAccurate) {
  const auto own = [](double x) {
    return log1p_from_ratio(simd::PortablePack<1>::broadcast(x / (2 + x))).lane[0];
  };
  expect_accurate(arguments(0, 1, 200000, 12), own, true_log1p, 2.0);
  expect_accurate(magnitudes(-1074, 0, 200000, 13), own, true_log1p, 2.0);
  EXPECT_EQ(own(0), 0);
}

TEST(Functions, EdgesBehaveAsInTheCLibrary) {
  EXPECT_EQ(exp(0.0), 1);
  EXPECT_EQ(exp(-0.0), 1);
  EXPECT_EQ(exp(infinity), infinity);
  EXPECT_EQ(exp(-infinity), 0);
  EXPECT_EQ(exp(709.782712893384), 0x1.fffffffffff2ap+1023);
  EXPECT_EQ(exp(709.7827128933841), infinity);
  EXPECT_EQ(exp(largest), infinity);
  EXPECT_EQ(exp(-745.1332191019411), smallest);
  EXPECT_EQ(exp(-745.1332191019412), 0);
  EXPECT_EQ(exp(-largest), 0);
  EXPECT_TRUE(std::isnan(exp(nan)));

  EXPECT_EQ(bits(log(1.0)), bits(0.0));
  EXPECT_EQ(log(0.0), -infinity);
  EXPECT_EQ(log(-0.0), -infinity);
  EXPECT_EQ(log(infinity), infinity);
  EXPECT_EQ(log(smallest), std::log(smallest));
  EXPECT_EQ(log(largest), std::log(largest));
  EXPECT_TRUE(std::isnan(log(-1.0)));
  EXPECT_TRUE(std::isnan(log(-smallest)));
  EXPECT_TRUE(std::isnan(log(-infinity)));
  EXPECT_TRUE(std::isnan(log(nan)));

  EXPECT_EQ(bits(log1p(0.0)), bits(0.0));
  EXPECT_EQ(bits(log1p(-0.0)), bits(-0.0));
  EXPECT_EQ(log1p(smallest), smallest);
  EXPECT_EQ(log1p(-1.0), -infinity);
  EXPECT_EQ(log1p(infinity), infinity);
  EXPECT_EQ(log1p(largest), std::log(largest));
  EXPECT_TRUE(std::isnan(log1p(-1.5)));
  EXPECT_TRUE(std::isnan(log1p(-infinity)));
  EXPECT_TRUE(std::isnan(log1p(nan)));
}

std::vector<double> everything() {
  std::vector<double> x = arguments(-750, 715, 20011, 14);
  for (const double value : magnitudes(-1074, 1023.9, 20000, 15)) {
    x.push_back(value);
    x.push_back(-value);
  }
  for (const double value : arguments(-2, 2, 20000, 16)) x.push_back(value);
  for (const double value : {0.0, 1.0, infinity, smallest, 1e-310, largest, 709.79, 745.2}) {
    x.push_back(value);
    x.push_back(-value);
  }
  return x;
}

template <class Scalar, class Spans>
void expect_same_in_spans(Scalar scalar, Spans spans) {
  const std::vector<double> x = everything();
  std::vector<double> out(x.size());
  spans(x, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(out[i])) {
      ASSERT_TRUE(std::isnan(scalar(x[i]))) << x[i];
    } else {
      ASSERT_TRUE(same_bits(out[i], scalar(x[i]))) << "at " << x[i];
    }
  }
  std::vector<double> in_place(x.begin(), x.begin() + 13);
  spans(in_place, in_place);
  for (std::size_t i = 0; i < in_place.size(); ++i) {
    EXPECT_TRUE(std::isnan(out[i]) || same_bits(in_place[i], out[i]));
  }
}

using Values = std::span<const double>;

TEST(Functions, SpansHaveTheBitsOfTheScalars) {
  expect_same_in_spans(own_exp, [](Values x, std::span<double> out) { exp(x, out); });
  expect_same_in_spans(own_log, [](Values x, std::span<double> out) { log(x, out); });
  expect_same_in_spans(own_log1p, [](Values x, std::span<double> out) { log1p(x, out); });
}

template <class P>
class FunctionsOnPack : public ::testing::Test {};
TYPED_TEST_SUITE(FunctionsOnPack, Packs);

TYPED_TEST(FunctionsOnPack, HaveTheBitsOfTheScalars) {
  using P = TypeParam;
  const auto run = [](Values x, std::span<double> out, auto f) {
    map_elements<P>(x.data(), static_cast<std::ptrdiff_t>(x.size()), out.data(), f);
  };
  expect_same_in_spans(own_exp, [&](Values x, std::span<double> out) {
    run(x, out, [](P v) { return exp_of(v); });
  });
  expect_same_in_spans(own_log, [&](Values x, std::span<double> out) {
    run(x, out, [](P v) { return log_of(v); });
  });
  expect_same_in_spans(own_log1p, [&](Values x, std::span<double> out) {
    run(x, out, [](P v) { return log1p_of(v); });
  });
}

}  // namespace
}  // namespace superstep::math
