// SPDX-License-Identifier: BSD-3-Clause
#include "learn/trees/leaf_quantiles.hpp"

#include <algorithm>
#include <cmath>

#include "core/number_keys.hpp"

namespace superstep::trees {

LeafQuantiles::LeafQuantiles(double quantile, bool is_weighted, std::size_t leaves)
    : quantile_(quantile),
      is_weighted_(is_weighted),
      searches_(2 * leaves),
      between_(leaves, 0.0),
      has_rows_(leaves, 0) {}

void LeafQuantiles::add(std::size_t leaf, RowList rows, const double* y, const double* scores,
                        const double* weight, double unit, std::int64_t* sums) const {
  const std::uint64_t known = unknown_ == 64 ? 0 : ~std::uint64_t{0} << unknown_;
  const int behind = unknown_ - digit_bits;
  const Search* const two = searches_.data() + 2 * leaf;
  std::int64_t* const to = sums + static_cast<Index>(2 * leaf) * digits;
  for (const std::uint16_t row : rows) {
    const std::uint64_t key = key_of_number(y[row] - scores[row]);
    const std::int64_t w =
        weight == nullptr ? 1 : static_cast<std::int64_t>(std::rint(weight[row] * unit));
    const auto digit = static_cast<Index>((key & ~known) >> behind);
    if ((key & known) == two[0].prefix) to[digit] += w;
    if ((key & known) == two[1].prefix) to[digits + digit] += w;
  }
}

void LeafQuantiles::begin(std::size_t leaf, std::int64_t total) {
  has_rows_[leaf] = total > 0 ? 1 : 0;
  Search* const two = searches_.data() + 2 * leaf;
  if (is_weighted_) {
    // The first value with so much up to it; `rest` is what may lie before it.
    const double wanted = quantile_ * static_cast<double>(total);
    const auto least = std::max<std::int64_t>(static_cast<std::int64_t>(std::ceil(wanted)), 1);
    two[0].rest = two[1].rest = least - 1;
    return;
  }
  const double place = quantile_ * static_cast<double>(total - 1);
  two[0].rest = static_cast<std::int64_t>(std::floor(place));
  two[1].rest = std::min(two[0].rest + 1, total - 1);
  between_[leaf] = place - std::floor(place);
}

bool LeafQuantiles::narrow(std::span<const std::int64_t> sums) {
  const auto of = [&](std::size_t search) {
    return sums.subspan(search * static_cast<std::size_t>(digits),
                        static_cast<std::size_t>(digits));
  };
  if (unknown_ == 64) {
    for (std::size_t leaf = 0; leaf < between_.size(); ++leaf) {
      std::int64_t total = 0;
      for (const std::int64_t w : of(2 * leaf)) total += w;
      begin(leaf, total);
    }
  }
  unknown_ -= digit_bits;
  for (std::size_t s = 0; s < searches_.size(); ++s) {
    if (has_rows_[s / 2] == 0) continue;
    const std::span<const std::int64_t> weights = of(s);
    std::size_t at = 0;
    while (at + 1 < weights.size() && searches_[s].rest >= weights[at]) {
      searches_[s].rest -= weights[at++];
    }
    searches_[s].prefix |= static_cast<std::uint64_t>(at) << unknown_;
  }
  return unknown_ == 0;
}

std::vector<double> LeafQuantiles::values() const {
  std::vector<double> found;
  for (std::size_t leaf = 0; leaf < between_.size(); ++leaf) {
    const double low = number_of_key(searches_[2 * leaf].prefix);
    const double high = number_of_key(searches_[2 * leaf + 1].prefix);
    const double t = between_[leaf];
    const double value = t < 0.5 ? low + (high - low) * t : high - (high - low) * (1.0 - t);
    found.push_back(has_rows_[leaf] != 0 ? value : 0.0);
  }
  return found;
}

}  // namespace superstep::trees
