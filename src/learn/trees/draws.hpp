// SPDX-License-Identifier: BSD-3-Clause
// What a tree draws: a function of its key, which comes from Philox, of a path and of a number, so
// that it does not matter in which order nodes are grown.
#pragma once

#include <cstdint>

#include <superstep/core/philox.hpp>

namespace superstep::trees {

/// The finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014.
constexpr std::uint64_t mixed_bits(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9U;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Of a path and a key a sequence of 64 bits each.
class Draws {
 public:
  explicit constexpr Draws(std::uint64_t key) : key_(key) {}
  constexpr std::uint64_t bits(std::uint64_t i) const {
    return mixed_bits(key_ + (i + 1) * 0x9e3779b97f4a7c15U);
  }
  /// 0, ..., n-1; uneven by n / 2^64.
  constexpr std::uint64_t below(std::uint64_t i, std::uint64_t n) const {
    return static_cast<std::uint64_t>((static_cast<Wide>(bits(i)) * n) >> 64);
  }
  /// In [0, 1).
  constexpr double uniform(std::uint64_t i) const {
    return static_cast<double>(bits(i) >> 11) * 0x1p-53;
  }

 private:
  __extension__ using Wide = unsigned __int128;
  std::uint64_t key_;
};

/// The paths of a node's children.
constexpr std::uint64_t path_to_child(std::uint64_t path, bool right) {
  return mixed_bits(path + (right ? 0xd1b54a32d192ed03U : 0x8bb84b93962eacc9U));
}

inline std::uint64_t key_of_tree(std::uint64_t seed, std::uint32_t purpose, std::uint64_t tree) {
  const auto words = Philox(seed, purpose).at(tree, 0);
  return (std::uint64_t{words[1]} << 32) | words[0];
}

}  // namespace superstep::trees
