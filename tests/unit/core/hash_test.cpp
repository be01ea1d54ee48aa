// SPDX-License-Identifier: BSD-3-Clause
// XXH64 against the values of its reference implementation; pieces do not matter.
#include <gtest/gtest.h>

#include <superstep/core/hash.hpp>
#include <vector>

namespace superstep {
namespace {

TEST(Hash, KnownAnswers) {
  const auto hash = [](std::string_view text) { return hash_bytes(text.data(), text.size()); };
  EXPECT_EQ(hash(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(hash("a"), 0xD24EC4F1A98C6E5Bu);
  EXPECT_EQ(hash("abc"), 0x44BC2CF5AD770999u);
  EXPECT_EQ(Hash64().hex(), "ef46db3751d8e999");
}

/// The sanity buffer of the reference implementation (cli/xsum_sanity_check.c).
std::vector<unsigned char> sanity_buffer(std::size_t size) {
  std::vector<unsigned char> buffer(size);
  std::uint64_t generator = 2654435761U;
  for (auto& byte : buffer) {
    byte = static_cast<unsigned char>(generator >> 56);
    generator *= 11400714785074694797ULL;
  }
  return buffer;
}

TEST(Hash, KnownAnswersOfTheSanityBuffer) {
  const auto buffer = sanity_buffer(222);
  constexpr std::uint64_t prime32 = 2654435761U;
  EXPECT_EQ(hash_bytes(buffer.data(), 1), 0xE934A84ADB052768u);
  EXPECT_EQ(hash_bytes(buffer.data(), 1, prime32), 0x5014607643A9B4C3u);
  EXPECT_EQ(hash_bytes(buffer.data(), 4), 0x9136A0DCA57457EEu);
  EXPECT_EQ(hash_bytes(buffer.data(), 14), 0x8282DCC4994E35C8u);
  EXPECT_EQ(hash_bytes(buffer.data(), 222), 0xB641AE8CB691C174u);
  EXPECT_EQ(hash_bytes(buffer.data(), 222, prime32), 0x20CB8AB7AE10C14Au);
}

TEST(Hash, PiecesDoNotMatter) {
  const auto buffer = sanity_buffer(200);
  for (std::size_t size : {0, 1, 31, 32, 33, 64, 100, 200}) {
    const std::uint64_t whole = hash_bytes(buffer.data(), size);
    for (std::size_t step : {1, 3, 7, 31, 32, 33, 63}) {
      Hash64 hash;
      for (std::size_t i = 0; i < size; i += step)
        hash.add(buffer.data() + i, std::min(step, size - i));
      EXPECT_EQ(hash.digest(), whole) << size << " by " << step;
    }
  }
}

TEST(Hash, TextsKeepTheirBorders) {
  EXPECT_NE(Hash64().add("ab").add("c").digest(), Hash64().add("a").add("bc").digest());
  EXPECT_NE(Hash64().add("").digest(), Hash64().digest());
  EXPECT_NE(Hash64().add(std::uint64_t{1}).digest(), Hash64().add(std::uint64_t{2}).digest());
}

}  // namespace
}  // namespace superstep
