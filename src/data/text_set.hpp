// SPDX-License-Identifier: BSD-3-Clause
// Different texts with numbers in the order in which they came: what a column of text holds, and
// the codes of categories.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// Fewer than 2^32 texts, their bytes behind each other.
class TextSet {
 public:
  Index size() const { return static_cast<Index>(hashes_.size()); }
  /// Of all texts together.
  Index bytes() const { return static_cast<Index>(pool_.size()); }
  std::string_view operator[](Index number) const {
    const auto i = static_cast<std::size_t>(number);
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(pool_).substr(begin, ends_[i] - begin);
  }

  /// Whether it is new.
  bool add(std::string_view text) { return add(text, hash_of(text)); }
  /// All of another set's.
  void add(const TextSet& other);
  /// The text's number, or -1.
  Index find(std::string_view text) const;

 private:
  static std::uint64_t hash_of(std::string_view text);
  bool add(std::string_view text, std::uint64_t hash);
  std::size_t slot_of(std::string_view text, std::uint64_t hash) const;
  void grow();

  std::string pool_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> slots_;  // number + 1, or 0; a power of two of them
};

}  // namespace superstep
