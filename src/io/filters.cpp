// SPDX-License-Identifier: BSD-3-Clause
#include "io/filters.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include <libdeflate.h>

namespace superstep {

namespace {

constexpr int deflate_id = 1;
constexpr int shuffle_id = 2;
constexpr int fletcher32_id = 3;
constexpr int lzf_id = 32000;
constexpr std::size_t checksum_bytes = 4;

std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;  // the checksum is stored little-endian, and so is every machine this builds for
}

std::uint32_t fold(std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); }

// With the size known to the compiler the transposition becomes vector code.
template <std::size_t element>
void unshuffle_fixed(const std::byte* in, std::size_t count, std::byte* out) {
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < element; ++j) out[i * element + j] = in[j * count + i];
  }
}

std::span<const std::byte> without_checksum(std::span<const std::byte> data) {
  if (data.size() < checksum_bytes) throw Undecodable("it is too short for its checksum");
  const auto body = data.first(data.size() - checksum_bytes);
  const std::uint32_t stored = load_u32(data.data() + body.size());
  const std::uint32_t actual = fletcher32(body);
  // HDF5 before 1.6.3 stored the bytes of each half the other way round.
  const std::uint32_t old = ((actual & 0x00ff00ff) << 8) | ((actual & 0xff00ff00) >> 8);
  if (stored != actual && stored != old) {
    throw Undecodable(
        "its checksum (fletcher32) is wrong, so bytes have changed since it was written");
  }
  return body;
}

}  // namespace

bool is_known_filter(const Filter& filter) {
  switch (filter.id) {
    case deflate_id:
    case fletcher32_id:
    case lzf_id:
      return true;
    case shuffle_id:
      return !filter.values.empty() && filter.values[0] > 0;
    default:
      return false;
  }
}

std::uint32_t fletcher32(std::span<const std::byte> data) {
  // Sums of a whole piece at once instead of a chain; 360 words are the most that cannot overflow.
  constexpr std::uint32_t piece = 360;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t words = data.size() / 2;
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  while (words > 0) {
    const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(words, piece));
    std::uint32_t plain = 0;
    std::uint32_t weighted = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      const std::uint32_t word = (std::uint32_t{bytes[2 * i]} << 8) | bytes[2 * i + 1];
      plain += word;
      weighted += (n - i) * word;
    }
    sum2 = fold(sum2 + n * sum1 + weighted);
    sum1 = fold(sum1 + plain);
    bytes += 2 * n;
    words -= n;
  }
  if (data.size() % 2 != 0) {
    sum1 += std::uint32_t{*bytes} << 8;
    sum2 = fold(sum2 + sum1);
    sum1 = fold(sum1);
  }
  return (fold(sum2) << 16) | fold(sum1);
}

void shuffle(std::span<const std::byte> in, std::size_t element, std::byte* out) {
  const std::size_t count = in.size() / element;
  for (std::size_t j = 0; j < element; ++j) {
    for (std::size_t i = 0; i < count; ++i) out[j * count + i] = in[i * element + j];
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(count * element), in.end(),
            out + count * element);
}

void unshuffle(std::span<const std::byte> in, std::size_t element, std::byte* out) {
  const std::size_t count = in.size() / element;
  switch (element) {
    case 2:
      unshuffle_fixed<2>(in.data(), count, out);
      break;
    case 4:
      unshuffle_fixed<4>(in.data(), count, out);
      break;
    case 8:
      unshuffle_fixed<8>(in.data(), count, out);
      break;
    default:
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < element; ++j) out[i * element + j] = in[j * count + i];
      }
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(count * element), in.end(),
            out + count * element);
}

// The format of liblzf (Lehmann): a control byte below 32 starts a run of literals; otherwise its
// upper three bits are the length of a match and its lower five, with the next byte, how far back
// it lies.
void decompress_lzf(std::span<const std::byte> in, std::span<std::byte> out) {
  std::size_t at = 0;
  std::size_t done = 0;
  const auto next = [&]() -> std::size_t {
    if (at >= in.size()) throw Undecodable("its lzf data ends too early");
    return std::to_integer<std::size_t>(in[at++]);
  };
  while (at < in.size()) {
    const std::size_t control = next();
    if (control < 32) {
      const std::size_t length = control + 1;
      if (length > in.size() - at || length > out.size() - done) {
        throw Undecodable("its lzf data is damaged");
      }
      std::memcpy(out.data() + done, in.data() + at, length);
      at += length;
      done += length;
      continue;
    }
    std::size_t length = control >> 5;
    if (length == 7) length += next();
    length += 2;
    const std::size_t distance = ((control & 31) << 8) + next() + 1;
    if (distance > done || length > out.size() - done) throw Undecodable("its lzf data is damaged");
    // Byte by byte, because a match may overlap what it makes.
    for (std::size_t i = 0; i < length; ++i, ++done) out[done] = out[done - distance];
  }
  if (done != out.size()) throw Undecodable("its lzf data has the wrong length");
}

ChunkDecoder::ChunkDecoder() : inflater_(libdeflate_alloc_decompressor()) {
  if (!inflater_) throw std::bad_alloc();
}
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder::~ChunkDecoder() = default;
void ChunkDecoder::Free::operator()(libdeflate_decompressor* p) const {
  libdeflate_free_decompressor(p);
}

std::span<std::byte> ChunkDecoder::stored(std::size_t bytes) {
  if (stored_.size() < bytes) stored_.resize(bytes);
  stored_bytes_ = bytes;
  return std::span(stored_).first(bytes);
}

std::span<std::byte> ChunkDecoder::plain(std::size_t bytes) {
  if (plain_.size() < bytes) plain_.resize(bytes);
  return std::span(plain_).first(bytes);
}

void ChunkDecoder::decode(const std::vector<Filter>& filters, std::uint32_t skipped,
                          std::span<std::byte> out) {
  const auto is_active = [&](std::size_t i) { return (skipped >> i & 1) == 0; };
  const auto moves_bytes = [&](std::size_t i) {
    return is_active(i) && filters[i].id != fletcher32_id;
  };
  // The size before filter i was applied: only checksums change it in a way known beforehand, and
  // two compressors after each other are not made by anybody.
  const auto size_before = [&](std::size_t i) {
    std::size_t size = out.size();
    for (std::size_t k = 0; k < i; ++k) {
      if (is_active(k) && filters[k].id == fletcher32_id) size += checksum_bytes;
    }
    return size;
  };
  std::size_t moves_left = 0;
  for (std::size_t i = 0; i < filters.size(); ++i) moves_left += moves_bytes(i);

  std::span<const std::byte> data = std::span(stored_).first(stored_bytes_);
  for (std::size_t i = filters.size(); i-- > 0;) {
    if (!is_active(i)) continue;
    if (filters[i].id == fletcher32_id) {
      data = without_checksum(data);
      continue;
    }
    const std::size_t size = size_before(i);
    std::span<std::byte> to = out;
    if (--moves_left > 0 || size != out.size()) {
      auto& step = steps_[moves_left % 2];
      if (step.size() < size) step.resize(size);
      to = std::span(step).first(size);
    }
    if (filters[i].id == shuffle_id) {
      if (data.size() != size) throw Undecodable("its length is wrong");
      unshuffle(data, filters[i].values[0], to.data());
    } else if (filters[i].id == lzf_id) {
      decompress_lzf(data, to);
    } else if (libdeflate_zlib_decompress(inflater_.get(), data.data(), data.size(), to.data(),
                                          size, nullptr) != LIBDEFLATE_SUCCESS) {
      throw Undecodable("its compressed data (deflate) is damaged");
    }
    data = to;
  }
  if (data.size() != out.size()) throw Undecodable("its length is wrong");
  if (data.data() != out.data()) std::memcpy(out.data(), data.data(), out.size());
}

ChunkEncoder::ChunkEncoder(int deflate_level, bool fletcher32, std::size_t element)
    : deflater_(deflate_level > 0 ? libdeflate_alloc_compressor(deflate_level) : nullptr),
      fletcher32_(fletcher32),
      element_(element) {
  if (deflate_level > 0 && !deflater_) throw std::bad_alloc();
}
ChunkEncoder::~ChunkEncoder() = default;
void ChunkEncoder::Free::operator()(libdeflate_compressor* p) const {
  libdeflate_free_compressor(p);
}

std::vector<std::byte> ChunkEncoder::encode(std::span<const std::byte> plain) {
  std::vector<std::byte> out;
  if (deflater_) {
    shuffled_.resize(plain.size());
    shuffle(plain, element_, shuffled_.data());
    out.resize(libdeflate_zlib_compress_bound(deflater_.get(), plain.size()));
    out.resize(libdeflate_zlib_compress(deflater_.get(), shuffled_.data(), plain.size(), out.data(),
                                        out.size()));
  } else {
    out.assign(plain.begin(), plain.end());
  }
  if (fletcher32_) {
    const std::uint32_t sum = superstep::fletcher32(out);
    const auto* bytes = reinterpret_cast<const std::byte*>(&sum);
    out.insert(out.end(), bytes, bytes + sizeof sum);
  }
  return out;
}

}  // namespace superstep
