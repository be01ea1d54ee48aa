// SPDX-License-Identifier: BSD-3-Clause
// XXH64, fed piece by piece.
#include <superstep/core/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace superstep {
namespace {

constexpr std::uint64_t prime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t prime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t prime3 = 0x165667B19E3779F9;
constexpr std::uint64_t prime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t prime5 = 0x27D4EB2F165667C5;
constexpr std::size_t stripe_size = 32;

static_assert(std::endian::native == std::endian::little, "XXH64 reads little-endian words");

template <class Word>
std::uint64_t read_word(const unsigned char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

std::uint64_t mix_lane(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * prime2, 31) * prime1;
}

std::uint64_t merge_lane(std::uint64_t hash, std::uint64_t lane) {
  return (hash ^ mix_lane(0, lane)) * prime1 + prime4;
}

/// Steps 5 and 6 of the specification: the bytes after the last stripe, then the avalanche.
std::uint64_t finish(std::uint64_t hash, const unsigned char* bytes, std::size_t size) {
  for (; size >= 8; bytes += 8, size -= 8) {
    hash = std::rotl(hash ^ mix_lane(0, read_word<std::uint64_t>(bytes)), 27) * prime1 + prime4;
  }
  if (size >= 4) {
    hash = std::rotl(hash ^ (read_word<std::uint32_t>(bytes) * prime1), 23) * prime2 + prime3;
    bytes += 4;
    size -= 4;
  }
  for (; size > 0; ++bytes, --size) hash = std::rotl(hash ^ (*bytes * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

}  // namespace

Hash64::Hash64(std::uint64_t seed)
    : lanes_{seed + prime1 + prime2, seed + prime2, seed, seed - prime1}, seed_(seed) {}

void Hash64::consume_stripe(const unsigned char* stripe) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i] = mix_lane(lanes_[i], read_word<std::uint64_t>(stripe + 8 * i));
  }
}

Hash64& Hash64::add(const void* data, std::size_t size) {
  if (size == 0) return *this;
  const auto* bytes = static_cast<const unsigned char*>(data);
  const std::size_t held = total_ % stripe_size;
  total_ += size;
  if (held > 0) {
    const std::size_t taken = std::min(size, stripe_size - held);
    std::memcpy(pending_.data() + held, bytes, taken);
    if (held + taken < stripe_size) return *this;
    consume_stripe(pending_.data());
    bytes += taken;
    size -= taken;
  }
  for (; size >= stripe_size; bytes += stripe_size, size -= stripe_size) consume_stripe(bytes);
  if (size > 0) std::memcpy(pending_.data(), bytes, size);
  return *this;
}

Hash64& Hash64::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  return add(text.data(), text.size());
}

Hash64& Hash64::add(std::uint64_t number) { return add(&number, sizeof number); }

std::uint64_t Hash64::digest() const {
  std::uint64_t hash = seed_ + prime5;
  if (total_ >= stripe_size) {
    hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) +
           std::rotl(lanes_[3], 18);
    for (const std::uint64_t lane : lanes_) hash = merge_lane(hash, lane);
  }
  return finish(hash + total_, pending_.data(), total_ % stripe_size);
}

std::string Hash64::hex() const { return fmt::format("{:016x}", digest()); }

std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed) {
  return Hash64(seed).add(data, size).digest();
}

}  // namespace superstep
