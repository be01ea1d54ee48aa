// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/data/generators.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <superstep/core/error.hpp>

namespace superstep {
namespace {

struct Rows {
  std::vector<double> x, y;
  bool operator==(const Rows&) const = default;
};

Rows read(const Generator& generator, Index first, Index count) {
  Rows rows;
  rows.x.resize(static_cast<std::size_t>(count * generator.format().columns));
  rows.y.resize(static_cast<std::size_t>(count));
  generator.read(first, count, {rows.x.data(), rows.y.data(), nullptr});
  return rows;
}

GeneratorOptions options_of(const std::string& kind, std::uint64_t seed = 4) {
  GeneratorOptions options;
  options.kind = kind;
  options.rows = 1000;
  options.columns = 6;
  options.seed = seed;
  return options;
}

class GeneratorOfKind : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, GeneratorOfKind, ::testing::ValuesIn(generator_kinds()));

// What a rank makes does not depend on which rows it was given.
TEST_P(GeneratorOfKind, RowsDoNotDependOnWhoMakesThem) {
  const auto generator = make_generator(options_of(GetParam()));
  const auto other = make_generator(options_of(GetParam()));
  const Rows all = read(*generator, 0, 1000);
  for (const Index share : {1, 7, 333}) {
    Rows together;
    for (Index first = 0; first < 1000; first += share) {
      const Rows some = read(*other, first, std::min(share, 1000 - first));
      together.x.insert(together.x.end(), some.x.begin(), some.x.end());
      together.y.insert(together.y.end(), some.y.begin(), some.y.end());
    }
    EXPECT_TRUE(together == all) << share << " rows at a time";
  }
  for (const double v : all.x) EXPECT_TRUE(std::isfinite(v));
}

TEST_P(GeneratorOfKind, MoreRowsKeepTheFirstAndAnotherSeedKeepsNone) {
  GeneratorOptions more = options_of(GetParam());
  more.rows = 5000;
  const Rows some = read(*make_generator(options_of(GetParam())), 0, 1000);
  EXPECT_TRUE(read(*make_generator(more), 0, 1000) == some);
  const Rows others = read(*make_generator(options_of(GetParam(), 5)), 0, 1000);
  for (std::size_t i = 0; i < some.x.size(); ++i) EXPECT_NE(some.x[i], others.x[i]);
}

TEST(Generators, RegressionWithoutNoiseIsItsTruth) {
  GeneratorOptions options = options_of("regression");
  options.noise = 0.0;
  options.informative = 2;
  const auto generator = make_generator(options);
  std::vector<double> coef, intercept;
  for (const auto& [name, values] : generator->truth()) {
    (name == "/true_coef" ? coef : intercept) = values.values;
  }
  ASSERT_EQ(coef.size(), 6U);
  EXPECT_EQ(std::ranges::count(coef, 0.0), 4);
  const Rows rows = read(*generator, 10, 50);
  for (std::size_t i = 0; i < 50; ++i) {
    double expected = intercept.at(0);
    for (std::size_t c = 0; c < 6; ++c) expected += rows.x[i * 6 + c] * coef[c];
    EXPECT_NEAR(rows.y[i], expected, 1e-9 * (1 + std::fabs(expected)));
  }
}

TEST(Generators, WhatAKindDoesNotKnowIsRefused) {
  GeneratorOptions options = options_of("regression");
  options.centers = 3;
  EXPECT_THROW(make_generator(options), UsageError);
  EXPECT_THROW(make_generator(options_of("moons")), UsageError);
}

}  // namespace
}  // namespace superstep
