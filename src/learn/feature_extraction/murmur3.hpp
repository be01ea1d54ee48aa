// SPDX-License-Identifier: BSD-3-Clause
// MurmurHash3_x86_32 of Austin Appleby's, by which scikit-learn's hashers choose columns.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace superstep {

inline std::uint32_t murmur3(std::string_view text, std::uint32_t seed = 0) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint32_t c1 = 0xcc9e2d51, c2 = 0x1b873593;
  const auto mixed = [](std::uint32_t k) { return std::rotl(k * c1, 15) * c2; };
  std::uint32_t h = seed;
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    std::uint32_t k;
    std::memcpy(&k, text.data() + at, 4);
    h = std::rotl(h ^ mixed(k), 13) * 5 + 0xe6546b64;
  }
  if (at < text.size()) {
    std::uint32_t k = 0;
    std::memcpy(&k, text.data() + at, text.size() - at);
    h ^= mixed(k);
  }
  h ^= static_cast<std::uint32_t>(text.size());
  h = (h ^ h >> 16) * 0x85ebca6b;
  h = (h ^ h >> 13) * 0xc2b2ae35;
  return h ^ h >> 16;
}

/// Where scikit-learn's FeatureHasher puts a text: one of so many columns, and with which sign.
struct HashedColumn {
  std::int32_t column;
  double sign;
};
inline HashedColumn hashed_column(std::string_view text, std::int32_t columns) {
  const auto h = static_cast<std::int32_t>(murmur3(text));
  // The least number has no absolute value: they go a step at a time.
  const std::int32_t column =
      h == INT32_MIN ? (INT32_MAX - (columns - 1)) % columns : (h < 0 ? -h : h) % columns;
  return {column, h >= 0 ? 1.0 : -1.0};
}

}  // namespace superstep
