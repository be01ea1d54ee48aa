// SPDX-License-Identifier: BSD-3-Clause
// Finds every chunk of a dataset with one look-up each, whatever index HDF5 keeps.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "io/guarded_child.hpp"
#include "io/inspect.hpp"
#include "io/recording_driver.hpp"

namespace superstep::h5 {

namespace {

// A table larger than this (512 MiB on every rank) is damage, or chunks nobody should have.
constexpr Index max_chunks = Index{1} << 25;
constexpr double chunks_found_per_second = 50000;

// Where a chunk begins.
using Corner = std::array<hsize_t, H5S_MAX_RANK>;

Index count_chunks(const DatasetLayout& layout) {
  Index count = 1;
  for (std::size_t d = 0; d < layout.shape.size(); ++d) {
    if (layout.chunk_shape[d] <= 0) {
      throw FileError(
          fmt::format("{} is damaged: it has empty chunks; write it again", layout.where()));
    }
    const Index along = (layout.shape[d] + layout.chunk_shape[d] - 1) / layout.chunk_shape[d];
    if (along == 0) return 0;
    if (count > max_chunks / along) {
      throw FileError(fmt::format(
          "{} has more than {} chunks, more than can be kept track of; write it with larger ones "
          "('h5repack -l CHUNK=...')",
          layout.where(), max_chunks));
    }
    count *= along;
  }
  return count;
}

// Moves to the next chunk in row-major order; false after the last.
bool advance(Corner& corner, const DatasetLayout& layout) {
  for (std::size_t d = layout.shape.size(); d-- > 0;) {
    corner[d] += static_cast<hsize_t>(layout.chunk_shape[d]);
    if (corner[d] < static_cast<hsize_t>(layout.shape[d])) return true;
    corner[d] = 0;
  }
  return false;
}

bool is_partial(const Corner& corner, const DatasetLayout& layout) {
  for (std::size_t d = 0; d < layout.shape.size(); ++d) {
    if (static_cast<Index>(corner[d]) + layout.chunk_shape[d] > layout.shape[d]) return true;
  }
  return false;
}

// A buffer HDF5 wants to see and never fills, because the recorder listens.
class Untouched {
 public:
  void* at_least(std::size_t size) {
    if (size > size_) {
      buffer_.reset(std::malloc(size));
      if (!buffer_) throw std::bad_alloc();
      size_ = size;
    }
    return buffer_.get();
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> buffer_;
  std::size_t size_ = 0;
};

// A chunk that was never written has no address; one with an address and no bytes is damage.
void refuse_empty_chunk(hid_t dataset, const Corner& corner, const std::string& where) {
  unsigned skipped = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t size = 0;
  check(H5Dget_chunk_info_by_coord(dataset, corner.data(), &skipped, &address, &size),
        fmt::format("find the chunk at row {} of {}", corner[0], where));
  if (address == HADDR_UNDEF) return;
  throw FileError(
      fmt::format("{} is damaged: its index says that the chunk at row {} has no bytes; copy or "
                  "write it again",
                  where, corner[0]));
}

// Who asked for checksums gets none for rows that were never written: these may be rows that a
// damaged index no longer finds.
void refuse_unvouched(const DatasetLayout& layout, Index n_written, Index n_chunks) {
  if (n_written == n_chunks) return;
  const bool has_checksums = std::ranges::any_of(
      layout.filters, [](const Filter& filter) { return filter.id == H5Z_FILTER_FLETCHER32; });
  if (!has_checksums) return;
  throw FileError(fmt::format(
      "{} has a checksum for each chunk, and {} of its {} chunks are not there: they were never "
      "written, or its index is damaged; write these rows too, or copy the file again",
      layout.where(), n_chunks - n_written, n_chunks));
}

// Every chunk of the index is one of the grid, and found at its place.
void check_count(hid_t dataset, const DatasetLayout& layout, Index n_written) {
  const Handle space(H5Dget_space(dataset), "read the shape");
  hsize_t indexed = 0;
  check(H5Dget_num_chunks(dataset, space.get(), &indexed),
        fmt::format("count the chunks of {}", layout.where()));
  if (static_cast<Index>(indexed) == n_written) return;
  throw FileError(fmt::format(
      "{} is damaged: its index holds {} chunks, and {} of them are found; copy or write it again",
      layout.where(), indexed, n_written));
}

StoredChunk find_chunk(hid_t dataset, const Corner& corner, const std::string& where,
                       Untouched& buffer) {
  const auto action = [&] {
    return fmt::format("find the chunk at row {} of {}", corner[0], where);
  };
  hsize_t size = 0;
  if (H5Dget_chunk_storage_size(dataset, corner.data(), &size) < 0) {
    // HDF5 1.10 calls a chunk that was never written an error; later ones say 0 bytes.
    const std::string reason = error_text();
    if (reason.find("not allocated") != std::string::npos) return {};
    throw FileError(fmt::format("cannot {}: {}", action(), reason));
  }
  if (size == 0) {
    refuse_empty_chunk(dataset, corner, where);
    return {};
  }
  std::uint32_t skipped = 0;
  void* unread = buffer.at_least(size);
  RawRecorder recorder;
  if (H5Dread_chunk(dataset, H5P_DEFAULT, corner.data(), &skipped, unread) < 0) fail(action());
  if (!recorder.heard_once() || recorder.bytes() != size) {
    throw FileError(fmt::format("cannot {}: HDF5 does not say where it lies", action()));
  }
  return {recorder.address(), checked_cast<std::uint32_t>(size), skipped};
}

void check_chunk(const StoredChunk& chunk, const Corner& corner, const DatasetLayout& layout,
                 std::uint64_t plain_bytes) {
  if (chunk.address > layout.file_bytes || chunk.bytes > layout.file_bytes - chunk.address) {
    throw FileError(
        fmt::format("{} is truncated: the chunk at row {} needs {} bytes of the file, which has "
                    "{}; copy or write "
                    "it again",
                    layout.where(), corner[0], chunk.address + chunk.bytes, layout.file_bytes));
  }
  const auto all = (std::uint64_t{1} << layout.filters.size()) - 1;
  const bool is_plain = (chunk.skipped_filters & all) == all;
  if (is_plain && chunk.bytes != plain_bytes) {
    throw FileError(
        fmt::format("{} is damaged: the chunk at row {} has {} bytes instead of {}; copy or "
                    "write it again",
                    layout.where(), corner[0], chunk.bytes, plain_bytes));
  }
}

}  // namespace

void find_chunks(hid_t dataset, DatasetLayout& layout) {
  const Index n_chunks = count_chunks(layout);
  H5D_space_status_t allocated = H5D_SPACE_STATUS_ERROR;
  check(H5Dget_space_status(dataset, &allocated), fmt::format("read {}", layout.where()));
  if (n_chunks == 0 || allocated == H5D_SPACE_STATUS_NOT_ALLOCATED) {
    refuse_unvouched(layout, 0, n_chunks);
    layout.storage = Storage::unallocated;
    return;
  }
  double plain_bytes = static_cast<double>(layout.type.bytes);
  for (const Index extent : layout.chunk_shape) plain_bytes *= static_cast<double>(extent);
  if (plain_bytes >= 4294967296.0 || layout.filters.size() > 32) {
    throw FileError(
        fmt::format("{} is damaged: HDF5 knows no such chunks; write it again", layout.where()));
  }
  allow_more_time(static_cast<double>(n_chunks) / chunks_found_per_second);
  const Handle properties(H5Dget_create_plist(dataset), "read the storage");
  unsigned options = 0;
  check(H5Pget_chunk_opts(properties.get(), &options), "read the storage");
  const bool edges_are_plain = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;

  const std::scoped_lock lock(library_mutex());
  Untouched buffer;
  Corner corner{};
  layout.chunks.reserve(static_cast<std::size_t>(n_chunks));
  do {
    StoredChunk chunk = find_chunk(dataset, corner, layout.where(), buffer);
    if (edges_are_plain && is_partial(corner, layout)) chunk.skipped_filters = ~std::uint32_t{0};
    if (chunk.bytes > 0) {
      check_chunk(chunk, corner, layout, static_cast<std::uint64_t>(plain_bytes));
    }
    layout.chunks.push_back(chunk);
  } while (advance(corner, layout));
  const auto n_written =
      std::ranges::count_if(layout.chunks, [](const StoredChunk& c) { return c.bytes > 0; });
  refuse_unvouched(layout, n_written, n_chunks);
  check_count(dataset, layout, n_written);
}

}  // namespace superstep::h5
