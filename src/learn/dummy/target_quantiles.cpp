// SPDX-License-Identifier: BSD-3-Clause
#include "learn/dummy/target_quantiles.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace superstep {

namespace {

constexpr int digit_bits = 11;
constexpr Index digits = Index{1} << digit_bits;
constexpr std::uint64_t sign = std::uint64_t{1} << 63;

/// Ascends with the number.
std::uint64_t key_of_number(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double number_of_key(std::uint64_t key) {
  return std::bit_cast<double>((key & sign) != 0 ? key ^ sign : ~key);
}

/// A wanted value of one target: what is known of its key, and its place among the values whose
/// keys begin so.
struct Search {
  Index target;
  Index place;
  std::uint64_t prefix = 0;
};

/// Finds the next bits of each; `unknown`: how many bits of the keys are not known yet.
void narrow(Engine& engine, const Table& table, int unknown, std::vector<Search>& searches) {
  const Index targets = table.data->targets();
  const std::uint64_t known = unknown == 64 ? 0 : ~std::uint64_t{0} << unknown;
  const int shift = std::max(0, unknown - digit_bits);
  const int exponent = engine.sketch(table).rows_exponent;
  SumShape shape;
  for (std::size_t s = 0; s < searches.size(); ++s) shape.add(digits, exponent);
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace&) {
        for (std::size_t s = 0; s < searches.size(); ++s) {
          double* counts = sum[static_cast<Index>(s)].data();
          const double* y = block.y + searches[s].target;
          for (Index i = 0; i < block.rows; ++i, y += targets) {
            const std::uint64_t key = key_of_number(*y);
            if ((key & known) == searches[s].prefix) counts[(key & ~known) >> shift] += 1.0;
          }
        }
      });
  for (std::size_t s = 0; s < searches.size(); ++s) {
    const auto counts = totals[static_cast<Index>(s)];
    std::uint64_t digit = 0;
    while (digit + 1 < counts.size() && searches[s].place >= static_cast<Index>(counts[digit])) {
      searches[s].place -= static_cast<Index>(counts[digit++]);
    }
    searches[s].prefix |= digit << shift;
  }
}

}  // namespace

Vector target_quantiles(Engine& engine, const Table& table, double fraction) {
  const Index targets = table.data->targets();
  const Index last = table.rows() - 1;
  const double at = fraction * static_cast<double>(last);
  const Index below = std::min(static_cast<Index>(std::floor(at)), last);
  std::vector<Search> searches;
  for (Index t = 0; t < targets; ++t) {
    searches.push_back({t, below});
    searches.push_back({t, std::min(below + 1, last)});
  }
  for (int unknown = 64; unknown > 0; unknown -= digit_bits) {
    narrow(engine, table, unknown, searches);
  }
  Vector quantiles(targets);
  const double share = at - static_cast<double>(below);
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
