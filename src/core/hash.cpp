// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/core/hash.hpp>

#include <fmt/format.h>
#include <xxhash.h>

#include <new>

namespace superstep {

void Hash64::Free::operator()(XXH64_state_s* state) const { XXH64_freeState(state); }

Hash64::Hash64(std::uint64_t seed) : state_(XXH64_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH64_reset(state_.get(), seed);
}

Hash64& Hash64::add(const void* data, std::size_t size) {
  if (size > 0) XXH64_update(state_.get(), data, size);
  return *this;
}

Hash64& Hash64::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  return add(text.data(), text.size());
}

Hash64& Hash64::add(std::uint64_t number) { return add(&number, sizeof number); }

std::uint64_t Hash64::digest() const { return XXH64_digest(state_.get()); }

std::string Hash64::hex() const { return fmt::format("{:016x}", digest()); }

std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed) {
  return XXH64(data, size, seed);
}

}  // namespace superstep
