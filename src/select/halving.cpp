// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/halving.hpp>

#include <fmt/format.h>

#include <algorithm>

#include <superstep/core/error.hpp>

namespace superstep {

namespace {

Index power(Index base, Index exponent) {
  Index result = 1;
  for (Index i = 0; i < exponent; ++i) result *= base;
  return result;
}

Index ceil_of(Index a, Index b) { return (a + b - 1) / b; }

void check_factor(Index factor) {
  if (factor < 2) {
    throw UsageError(
        fmt::format("--factor must be at least 2, got {}: it says how many times fewer "
                    "candidates and more resources each rung has",
                    factor));
  }
}

}  // namespace

Index whole_logarithm(Index value, Index base) {
  Index k = 0;
  for (; value >= base; value /= base) ++k;
  return k;
}

Bracket halving_rungs(Index candidates, const HalvingOptions& o) {
  check_factor(o.factor);
  const Index most = o.max_resources;
  const Index rungs_wanted = 1 + whole_logarithm(std::max<Index>(candidates, 1), o.factor);
  const Index least =
      o.min_resources.value_or(std::max(o.smallest, most / power(o.factor, rungs_wanted - 1)));
  if (least < 1 || least > most) {
    throw UsageError(
        fmt::format("min_resources={} is greater than max_resources={}; there is nothing to halve",
                    least, most));
  }
  const Index rungs_possible = 1 + whole_logarithm(most / least, o.factor);
  const Index rungs = std::min(rungs_wanted, rungs_possible);
  Bracket bracket;
  for (Index i = 0, n = candidates; i < rungs; ++i, n = ceil_of(n, o.factor)) {
    bracket.push_back({n, std::min(power(o.factor, i) * least, most)});
  }
  return bracket;
}

std::vector<Bracket> hyperband_brackets(Index max_resources, Index factor) {
  check_factor(factor);
  if (max_resources < 1) {
    throw UsageError(fmt::format("--max-resources must be at least 1, got {}", max_resources));
  }
  const Index deepest = whole_logarithm(max_resources, factor);
  std::vector<Bracket> brackets;
  for (Index s = deepest; s >= 0; --s) {
    const Index n = ceil_of((deepest + 1) * power(factor, s), s + 1);
    const Index r = max_resources / power(factor, s);
    Bracket bracket;
    for (Index i = 0; i <= s; ++i) bracket.push_back({n / power(factor, i), r * power(factor, i)});
    brackets.push_back(std::move(bracket));
  }
  return brackets;
}

}  // namespace superstep
