// SPDX-License-Identifier: BSD-3-Clause
// Content fingerprints: XXH64, by the xxHash library, fast enough to keep up with reading; against
// accidents, not against attackers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct XXH64_state_s;

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
  struct Free {
    void operator()(XXH64_state_s* state) const;
  };
  std::unique_ptr<XXH64_state_s, Free> state_;
};

/// The hash of one run of bytes.
std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed = 0);

}  // namespace superstep
