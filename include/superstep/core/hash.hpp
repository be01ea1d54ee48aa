// SPDX-License-Identifier: BSD-3-Clause
// Content fingerprints: XXH64 (Collet, github.com/Cyan4973/xxHash, doc/xxhash_spec.md), fast enough
// to keep up with reading; against accidents, not against attackers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace superstep {

/// A 64-bit hash of a sequence of bytes; how the sequence is cut into `add` calls does not matter.
class Hash64 {
 public:
  explicit Hash64(std::uint64_t seed = 0);

  Hash64& add(const void* data, std::size_t size);
  /// The length and the bytes, so that "ab","c" and "a","bc" differ.
  Hash64& add(std::string_view text);
  Hash64& add(std::uint64_t number);

  /// The hash of what was added so far; more may be added.
  std::uint64_t digest() const;
  /// The digest as 16 hexadecimal digits.
  std::string hex() const;

 private:
  void consume_stripe(const unsigned char* stripe);

  std::array<std::uint64_t, 4> lanes_;
  std::array<unsigned char, 32> pending_{};
  std::uint64_t seed_;
  std::uint64_t total_ = 0;
};

/// The hash of one run of bytes.
std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed = 0);

}  // namespace superstep
