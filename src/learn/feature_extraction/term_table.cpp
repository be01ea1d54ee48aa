// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_extraction/term_table.hpp"

#include <algorithm>

#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>

namespace superstep {

std::uint64_t TermTable::hash_of(std::string_view term) {
  return hash_bytes(term.data(), term.size());
}

void TermTable::grow() {
  std::vector<Slot> old(std::max<std::size_t>(1024, 2 * slots_.size()));
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == 0) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].number != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

Index TermTable::add(std::string_view term) {
  constexpr std::size_t most = std::size_t{1} << 30;  // slots are told by 32 bits of a hash
  if (ends_.size() == most) throw MemoryError("texts hold more than a billion different terms");
  if (2 * (ends_.size() + 1) > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  const auto hash = static_cast<std::uint32_t>(hash_of(term));
  std::size_t at = hash & mask;
  for (; slots_[at].number != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const Index number = Index{slots_[at].number} - 1;
    if ((*this)[number] == term) return number;
  }
  pool_ += term;
  ends_.push_back(pool_.size());
  slots_[at] = {hash, static_cast<std::uint32_t>(ends_.size())};
  return std::ssize(ends_) - 1;
}

Index TermTable::find(std::string_view term) const {
  if (slots_.empty()) return -1;
  const std::size_t mask = slots_.size() - 1;
  const auto hash = static_cast<std::uint32_t>(hash_of(term));
  for (std::size_t at = hash & mask; slots_[at].number != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const Index number = Index{slots_[at].number} - 1;
    if ((*this)[number] == term) return number;
  }
  return -1;
}

void TermTable::clear() {
  pool_.clear();
  ends_.clear();
  std::ranges::fill(slots_, Slot{});
}

std::size_t TermTable::bytes() const {
  return pool_.capacity() + ends_.capacity() * sizeof(std::size_t) + slots_.size() * sizeof(Slot);
}

}  // namespace superstep
