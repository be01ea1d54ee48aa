// SPDX-License-Identifier: BSD-3-Clause
#include "data/permutation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <superstep/core/philox.hpp>

namespace superstep {

namespace {

constexpr std::uint32_t order_purpose = 0x6f726465;  // Philox stream of orders
constexpr std::uint64_t most_in_table = 4096;
constexpr Index rows_at_once = 256;

/// A hash of 32 bits into [0, n): every bit of `x + key` moves every bit of the result.
std::uint64_t hash_below(std::uint64_t n, std::uint32_t x, std::uint32_t key) {
  std::uint32_t h = x + key;
  h = (h ^ (h >> 16)) * 0x7feb352dU;
  h = (h ^ (h >> 15)) * 0x846ca68bU;
  h ^= h >> 16;
  return (std::uint64_t{h} * n) >> 32;
}

std::uint32_t add_modulo(std::uint64_t a, std::uint64_t b, std::uint64_t n) {
  const std::uint64_t sum = a + b;
  return static_cast<std::uint32_t>(sum >= n ? sum - n : sum);
}

}  // namespace

Permutation::Permutation(Index n, std::uint64_t seed, std::uint64_t stream)
    : n_(static_cast<std::uint64_t>(n)) {
  const Philox philox(seed, order_purpose);
  if (n_ <= most_in_table) {
    table_.resize(n_);
    std::iota(table_.begin(), table_.end(), 0U);
    RowRandom random(philox, stream);
    for (std::uint64_t i = n_; i > 1; --i) std::swap(table_[i - 1], table_[random.below(i)]);
    return;
  }
  left_ = static_cast<std::uint64_t>(std::ceil(std::sqrt(static_cast<double>(n_))));
  right_ = (n_ + left_ - 1) / left_;
  for (std::uint32_t i = 0; i < n_rounds; ++i) keys_[i] = philox.at(stream, i)[0];
}

void Permutation::positions(Index first, Index count, Index* positions) const {
  if (!table_.empty()) {
    std::copy_n(table_.begin() + first, count, positions);
    return;
  }
  std::array<std::uint32_t, rows_at_once> l{}, r{};
  for (Index begin = 0; begin < count; begin += rows_at_once) {
    const auto rows = static_cast<std::size_t>(std::min(rows_at_once, count - begin));
    const std::uint64_t place = static_cast<std::uint64_t>(first + begin);
    std::uint64_t row = place / right_;
    std::uint64_t column = place % right_;
    for (std::size_t i = 0; i < rows; ++i) {
      l[i] = static_cast<std::uint32_t>(row);
      r[i] = static_cast<std::uint32_t>(column);
      if (++column == right_) {
        column = 0;
        ++row;
      }
    }
    for (std::size_t k = 0; k < n_rounds; k += 2) {
      for (std::size_t i = 0; i < rows; ++i) {
        l[i] = add_modulo(l[i], hash_below(left_, r[i], keys_[k]), left_);
      }
      for (std::size_t i = 0; i < rows; ++i) {
        r[i] = add_modulo(r[i], hash_below(right_, l[i], keys_[k + 1]), right_);
      }
    }
    for (std::size_t i = 0; i < rows; ++i) {
      const std::uint64_t position = l[i] * right_ + r[i];
      positions[begin + static_cast<Index>(i)] =
          static_cast<Index>(position < n_ ? position : walk_on(position));
    }
  }
}

/// The first position below n that comes of going on.
std::uint64_t Permutation::walk_on(std::uint64_t position) const {
  while (position >= n_) {
    auto l = static_cast<std::uint32_t>(position / right_);
    auto r = static_cast<std::uint32_t>(position % right_);
    for (std::size_t k = 0; k < n_rounds; k += 2) {
      l = add_modulo(l, hash_below(left_, r, keys_[k]), left_);
      r = add_modulo(r, hash_below(right_, l, keys_[k + 1]), right_);
    }
    position = l * right_ + r;
  }
  return position;
}

}  // namespace superstep
