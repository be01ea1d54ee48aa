// SPDX-License-Identifier: BSD-3-Clause
// Different terms with numbers in the order in which they came, found by one look at memory as a
// rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

class TermTable {
 public:
  Index size() const { return std::ssize(ends_); }
  std::string_view operator[](Index number) const {
    const auto i = static_cast<std::size_t>(number);
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {pool_.data() + begin, ends_[i] - begin};
  }
  /// The term's number; a new one gets the next.
  Index add(std::string_view term);
  /// Its number, or -1.
  Index find(std::string_view term) const;
  /// No terms, the same room.
  void clear();
  /// What it takes.
  std::size_t bytes() const;

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  ///< + 1; 0: free
  };
  static std::uint64_t hash_of(std::string_view term);
  void grow();

  std::string pool_;
  std::vector<std::size_t> ends_;
  std::vector<Slot> slots_;  ///< a power of two of them
};

}  // namespace superstep
