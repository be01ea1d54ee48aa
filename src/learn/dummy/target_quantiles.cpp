// SPDX-License-Identifier: BSD-3-Clause
#include "learn/dummy/target_quantiles.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <span>

#include "core/number_keys.hpp"

namespace superstep {

namespace {

constexpr int digit_bits = 11;
constexpr Index digits = Index{1} << digit_bits;

/// A wanted value of one target: what is known of its key, and how much it and the values below it
/// weigh among those whose keys begin so.
struct Search {
  Index target;
  double weight = 0.0;
  std::uint64_t prefix = 0;
};

/// The weights of the values that have each next digit, one histogram for each search; `unknown`:
/// how many bits of the keys are not known yet.
Totals histograms(Engine& engine, const Table& table, int unknown,
                  const std::vector<Search>& searches) {
  const Sketch sketch = engine.sketch(table);
  const Index targets = table.data->targets();
  const std::uint64_t known = unknown == 64 ? 0 : ~std::uint64_t{0} << unknown;
  const int shift = std::max(0, unknown - digit_bits);
  SumShape shape;
  for (std::size_t s = 0; s < searches.size(); ++s) {
    shape.add(digits, sketch.rows_exponent + sketch.weight_exponent);
  }
  return engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace&) {
    for (std::size_t s = 0; s < searches.size(); ++s) {
      double* weights = sum[static_cast<Index>(s)].data();
      const double* y = block.y + searches[s].target;
      for (Index i = 0; i < block.rows; ++i, y += targets) {
        const std::uint64_t key = key_of_number(*y);
        if ((key & known) != searches[s].prefix) continue;
        weights[(key & ~known) >> shift] += block.weight_of(i);
      }
    }
  });
}

/// The first digit up to which the values weigh as much as is wanted; rounding may leave the last
/// that weighs anything.
void narrow(std::span<const double> weights, int shift, Search& search) {
  std::size_t digit = 0, last = 0;
  double left = search.weight;
  for (; digit < weights.size(); ++digit) {
    if (weights[digit] > 0.0) last = digit;
    if (weights[digit] >= left) break;
    left -= weights[digit];
  }
  search.weight = digit < weights.size() ? left : weights[last];
  search.prefix |= static_cast<std::uint64_t>(last) << shift;
}

double total_of(std::span<const double> weights) {
  double sum = 0.0;
  for (const double w : weights) sum += w;
  return sum;
}

}  // namespace

Vector target_quantiles(Engine& engine, const Table& table, double fraction) {
  const Index targets = table.data->targets();
  std::vector<Search> searches;
  for (Index t = 0; t < targets; ++t) searches.insert(searches.end(), 2, Search{t});
  double share = 0.0;
  for (int unknown = 64; unknown > 0; unknown -= digit_bits) {
    const Totals totals = histograms(engine, table, unknown, searches);
    for (std::size_t s = 0; s < searches.size(); ++s) {
      const auto weights = totals[static_cast<Index>(s)];
      if (unknown == 64 && table.data->has_weight()) {
        searches[s].weight = std::max(fraction * total_of(weights), DBL_TRUE_MIN);
      } else if (unknown == 64) {
        const double last = total_of(weights) - 1.0;
        const double below = std::floor(fraction * last);
        share = fraction * last - below;
        searches[s].weight = 1.0 + std::min(below + static_cast<double>(s % 2), last);
      }
      narrow(weights, std::max(0, unknown - digit_bits), searches[s]);
    }
  }
  Vector quantiles(targets);
  for (Index t = 0; t < targets; ++t) {
    const double a = number_of_key(searches[static_cast<std::size_t>(2 * t)].prefix);
    const double b = number_of_key(searches[static_cast<std::size_t>(2 * t + 1)].prefix);
    // From the nearer neighbour, as NumPy does it.
    quantiles[t] = share < 0.5 ? a + (b - a) * share : b - (b - a) * (1.0 - share);
  }
  return quantiles;
}

Footprint target_quantiles_footprint(Index targets) {
  return {.sums = 2 * targets * digits, .replicated = 2 * targets * digits};
}

}  // namespace superstep
