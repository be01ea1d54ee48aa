// SPDX-License-Identifier: BSD-3-Clause
// Distributions on top of the random words of a row.
#include <superstep/core/philox.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>

namespace superstep {

std::uint64_t RowRandom::bits() {
  if (words_left_ == 0) {
    if (next_counter_ > std::numeric_limits<std::uint32_t>::max()) {
      throw std::length_error("RowRandom: the random numbers of a row are used up");
    }
    words_ = philox_.at(row_, static_cast<std::uint32_t>(next_counter_++));
    words_left_ = 4;
  }
  const std::size_t first = 4 - static_cast<std::size_t>(words_left_);
  words_left_ -= 2;
  return std::uint64_t{words_[first]} | (std::uint64_t{words_[first + 1]} << 32);
}

double RowRandom::uniform() {
  // 52 random bits and a last bit of 1: exact in a double, symmetric about 1/2, never 0 or 1.
  return static_cast<double>(((bits() >> 12) << 1) | 1) * 0x1p-53;
}

double RowRandom::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t RowRandom::below(std::uint64_t n) {
  if (n == 0) throw std::invalid_argument("RowRandom::below: n must be positive");
  // 2^64 mod n values at the low end are skipped, so that every remainder is equally frequent.
  const std::uint64_t skipped = (0 - n) % n;
  std::uint64_t x = bits();
  while (x < skipped) x = bits();
  return x % n;
}

std::int64_t RowRandom::poisson(double mean) {
  if (!(mean >= 0.0 && mean <= 1e9)) {
    throw std::invalid_argument("RowRandom::poisson: the mean must be between 0 and 1e9");
  }
  // The sum of Poisson variables is Poisson of the summed mean; exp(-mean) must not underflow.
  constexpr double largest_piece = 32.0;
  std::int64_t count = 0;
  while (mean > 0.0) {
    const double piece = std::min(mean, largest_piece);
    mean -= piece;
    const double u = uniform();
    double probability = std::exp(-piece);
    double cumulative = probability;
    for (int k = 1; u > cumulative; ++k, ++count) {
      probability *= piece / k;
      // The sum of rounded probabilities may end a little below u: stop where it no longer grows.
      if (k > piece && cumulative + probability == cumulative) break;
      cumulative += probability;
    }
  }
  return count;
}

}  // namespace superstep
