// SPDX-License-Identifier: BSD-3-Clause
// argsort orders ties as numpy does.
#include "select/argsort.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <superstep/core/philox.hpp>

#include "../core/python.hpp"

namespace superstep {
namespace {

using Values = std::vector<Index>;

/// Values that make the median of three the second smallest of each piece, so that partitions stay
/// lopsided and the heap sort has to end it: Musser, "Introspective sorting and selection", 1997.
Values killer(Index n) {
  Values values(static_cast<std::size_t>(n));
  const Index half = n / 2;
  for (Index i = 0; i < half; ++i) {
    values[static_cast<std::size_t>(i)] = i % 2 == 0 ? i + 1 : half + i + (half % 2);
    values[static_cast<std::size_t>(half + i)] = 2 * (i + 1);
  }
  return values;
}

std::string text(const Values& values) { return fmt::format("{}", fmt::join(values, " ")); }

TEST(Argsort, SortsAndKeepsFewInOrder) {
  EXPECT_TRUE(argsort({}).empty());
  EXPECT_EQ(argsort(Values{5}), Values{0});
  EXPECT_EQ(argsort(Values{3, 1, 3, 2, 1}), (Values{1, 4, 3, 0, 2}));
}

TEST(Argsort, IsThatOfNumpy) {
  std::vector<Values> cases = {killer(64), killer(2000), Values(1000, 7)};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    RowRandom random(Philox(1, 1), seed);
    const std::uint64_t n = seed < 60 ? seed + 1 : random.below(3000) + 1;
    const std::uint64_t distinct = random.below(40) + 1;
    Values values;
    for (std::uint64_t i = 0; i < n; ++i)
      values.push_back(static_cast<Index>(random.below(distinct)));
    cases.push_back(std::move(values));
  }
  std::vector<std::string> lines;
  for (const Values& values : cases) lines.push_back(text(values));
  const auto expected = testing::run_python(R"(
import numpy as np
for line in lines:
    print(*np.argsort(np.array(line.split(), dtype=np.int64)))
)",
                                            lines);
  ASSERT_EQ(expected.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ASSERT_EQ(text(argsort(cases[i])), expected[i]) << "case " << i << ": " << text(cases[i]);
  }
}

}  // namespace
}  // namespace superstep
