// SPDX-License-Identifier: BSD-3-Clause
// Numbers as whole numbers that ascend with them, so that the k-th smallest is found digit by
// digit.
#pragma once

#include <bit>
#include <cstdint>

namespace superstep {

namespace number_keys {
inline constexpr std::uint64_t sign = std::uint64_t{1} << 63;
}

/// -0.0 and 0.0 have one.
inline std::uint64_t key_of_number(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  return (bits & number_keys::sign) != 0 ? ~bits : bits | number_keys::sign;
}

inline double number_of_key(std::uint64_t key) {
  return std::bit_cast<double>((key & number_keys::sign) != 0 ? key ^ number_keys::sign : ~key);
}

}  // namespace superstep
