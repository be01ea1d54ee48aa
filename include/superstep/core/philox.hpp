// SPDX-License-Identifier: BSD-3-Clause
// Random numbers that are a function of (seed, purpose, row, counter) and of nothing else, so that
// no result depends on who drew them or in which order. Philox4x32-10: Salmon, Moraes, Dror, Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace superstep {

/// The bijection of the paper: ten rounds on a counter of four words, keyed by two.
constexpr std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter,
                                                     std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// The random words of one seed and one purpose (features, noise, folds, ...: each use has its
/// own).
class Philox {
 public:
  Philox(std::uint64_t seed, std::uint32_t purpose) : seed_(seed), purpose_(purpose) {}

  /// Four independent words for each (row, counter).
  std::array<std::uint32_t, 4> at(std::uint64_t row, std::uint32_t counter) const {
    return philox4x32_10(
        {counter, purpose_, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32)},
        {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
  }

 private:
  std::uint64_t seed_;
  std::uint32_t purpose_;
};

/// The random numbers of one row, one after the other: a fresh sequence for every global row.
/// A row has 2^33 draws of 64 bits; asking for more throws std::length_error.
class RowRandom {
 public:
  RowRandom(const Philox& philox, std::uint64_t row) : philox_(philox), row_(row) {}

  std::uint64_t bits();
  /// Uniform in (0, 1), never 0 or 1: the odd multiples of 2^-53.
  double uniform();
  /// Standard normal (Box and Muller 1958); two draws cost one logarithm and one sine-cosine pair.
  double normal();
  /// Uniform in 0, ..., n-1 without bias; n must be positive.
  std::uint64_t below(std::uint64_t n);
  /// Poisson by inversion; the time grows with the mean, which must lie in [0, 1e9].
  std::int64_t poisson(double mean);

 private:
  Philox philox_;
  std::uint64_t row_;
  std::uint64_t next_counter_ = 0;
  std::array<std::uint32_t, 4> words_{};
  int words_left_ = 0;
  double spare_normal_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace superstep
