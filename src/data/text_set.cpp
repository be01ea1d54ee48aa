// SPDX-License-Identifier: BSD-3-Clause
#include "data/text_set.hpp"

#include <algorithm>

#include <superstep/core/hash.hpp>

namespace superstep {

std::uint64_t TextSet::hash_of(std::string_view text) {
  return hash_bytes(text.data(), text.size());
}

/// Where it lies, or the free slot where it would.
std::size_t TextSet::slot_of(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(hash) & mask;
  while (slots_[slot] != 0) {
    const std::uint32_t number = slots_[slot] - 1;
    if (hashes_[number] == hash && (*this)[static_cast<Index>(number)] == text) break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

void TextSet::grow() {
  slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    std::size_t slot = static_cast<std::size_t>(hashes_[i]) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

bool TextSet::add(std::string_view text, std::uint64_t hash) {
  if (2 * (hashes_.size() + 1) > slots_.size()) grow();
  const std::size_t slot = slot_of(text, hash);
  if (slots_[slot] != 0) return false;
  pool_ += text;
  ends_.push_back(pool_.size());
  hashes_.push_back(hash);
  slots_[slot] = static_cast<std::uint32_t>(hashes_.size());
  return true;
}

void TextSet::add(const TextSet& other) {
  for (Index i = 0; i < other.size(); ++i) {
    add(other[i], other.hashes_[static_cast<std::size_t>(i)]);
  }
}

Index TextSet::find(std::string_view text) const {
  if (slots_.empty()) return -1;
  return static_cast<Index>(slots_[slot_of(text, hash_of(text))]) - 1;
}

}  // namespace superstep
