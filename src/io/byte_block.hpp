// SPDX-License-Identifier: BSD-3-Clause
// 64 bytes of text at once: where some character stands among them, as the bits of a number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BW__) || defined(__AVX2__)
// GCC 12 takes the undefined operands of its own AVX-512 header for a mistake of ours.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

namespace superstep {

class ByteBlock {
 public:
  static constexpr std::size_t size = 64;

#if defined(__AVX512BW__)
  explicit ByteBlock(const char* p) : bytes_(_mm512_loadu_si512(p)) {}
  std::uint64_t equal(char c) const { return _mm512_cmpeq_epi8_mask(bytes_, _mm512_set1_epi8(c)); }
  std::uint64_t digits() const {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes_, _mm512_set1_epi8('0')),
                                  _mm512_set1_epi8(10));
  }

 private:
  __m512i bytes_;
#elif defined(__AVX2__)
  explicit ByteBlock(const char* p)
      : low_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
        high_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))) {}
  std::uint64_t equal(char c) const {
    const __m256i all = _mm256_set1_epi8(c);
    return joined(_mm256_cmpeq_epi8(low_, all), _mm256_cmpeq_epi8(high_, all));
  }
  std::uint64_t digits() const { return joined(digits_of(low_), digits_of(high_)); }

 private:
  static __m256i digits_of(__m256i bytes) {
    const __m256i from_zero = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, _mm256_set1_epi8(9)), from_zero);
  }
  static std::uint64_t joined(__m256i low, __m256i high) {
    const auto bits = [](__m256i m) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(m)); };
    return std::uint64_t{bits(high)} << 32 | bits(low);
  }
  __m256i low_;
  __m256i high_;
#else
  explicit ByteBlock(const char* p) { std::memcpy(bytes_, p, size); }
  std::uint64_t equal(char c) const {
    return where([c](char byte) { return byte == c; });
  }
  std::uint64_t digits() const {
    return where([](char byte) { return byte >= '0' && byte <= '9'; });
  }

 private:
  template <class Predicate>
  std::uint64_t where(Predicate&& holds) const {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) bits |= std::uint64_t{holds(bytes_[i])} << i;
    return bits;
  }
  char bytes_[size];
#endif
};

}  // namespace superstep
