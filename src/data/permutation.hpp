// SPDX-License-Identifier: BSD-3-Clause
// A random order of rows 0, ..., n-1 that is computed row by row and never stored.
//
// A Feistel network on Z_a x Z_c with a c just above n, walked until it is below n: Black and
// Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002. Its round keys are drawn from
// Philox. Few rows have few orders, which a network would not meet equally often: there the order
// is drawn by Fisher and Yates and kept, in a table of constant size.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class Permutation {
 public:
  /// `stream` numbers the orders of one seed. n >= 1.
  Permutation(Index n, std::uint64_t seed, std::uint64_t stream);

  Index size() const { return static_cast<Index>(n_); }
  /// positions[i]: where the row at place first + i comes in this order.
  void positions(Index first, Index count, Index* positions) const;

 private:
  static constexpr int n_rounds = 8;
  std::uint64_t walk_on(std::uint64_t position) const;

  std::uint64_t n_;
  std::uint64_t left_ = 1;
  std::uint64_t right_ = 1;
  std::array<std::uint32_t, n_rounds> keys_{};
  std::vector<std::uint32_t> table_;  ///< of few rows; else empty
};

}  // namespace superstep
