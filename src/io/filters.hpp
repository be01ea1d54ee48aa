// SPDX-License-Identifier: BSD-3-Clause
// HDF5's filters in our own code, so that any number of threads decode at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include <superstep/io/dataset_layout.hpp>

struct libdeflate_compressor;
struct libdeflate_decompressor;

namespace superstep {

/// Bytes that do not decode; what() says why, the caller says where.
struct Undecodable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Deflate, shuffle, fletcher32 or h5py's lzf, with parameters that make sense.
bool is_known_filter(const Filter& filter);

/// HDF5's variant of the checksum: 16-bit big-endian words.
std::uint32_t fletcher32(std::span<const std::byte> data);
/// Byte j of every element together, and back; bytes beyond the last whole element stay behind.
void shuffle(std::span<const std::byte> in, std::size_t element, std::byte* out);
void unshuffle(std::span<const std::byte> in, std::size_t element, std::byte* out);
/// Throws Undecodable unless the output is filled exactly.
void decompress_lzf(std::span<const std::byte> in, std::span<std::byte> out);

/// What one thread needs to decode chunks.
class ChunkDecoder {
 public:
  ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ~ChunkDecoder();

  /// Where to put the stored bytes of a chunk before decode().
  std::span<std::byte> stored(std::size_t bytes);
  /// Undoes the filters of the bytes in stored(); fills `out` exactly or throws Undecodable.
  void decode(const std::vector<Filter>& filters, std::uint32_t skipped, std::span<std::byte> out);
  /// A buffer for a decoded chunk.
  std::span<std::byte> plain(std::size_t bytes);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* p) const;
  };
  std::unique_ptr<libdeflate_decompressor, Free> inflater_;
  std::size_t stored_bytes_ = 0;
  std::vector<std::byte> stored_;
  std::vector<std::byte> steps_[2];
  std::vector<std::byte> plain_;
};

/// Applies shuffle and deflate (level > 0) and fletcher32, in this order as h5py does.
class ChunkEncoder {
 public:
  ChunkEncoder(int deflate_level, bool fletcher32, std::size_t element);
  ~ChunkEncoder();

  std::vector<std::byte> encode(std::span<const std::byte> plain);

 private:
  struct Free {
    void operator()(libdeflate_compressor* p) const;
  };
  std::unique_ptr<libdeflate_compressor, Free> deflater_;
  bool fletcher32_;
  std::size_t element_;
  std::vector<std::byte> shuffled_;
};

}  // namespace superstep
