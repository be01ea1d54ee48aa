// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/row_reader.hpp>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "io/attributes.hpp"
#include "io/chunk_cache.hpp"
#include "io/convert.hpp"
#include "io/filters.hpp"
#include "io/hdf5_rows.hpp"
#include "io/posix_file.hpp"

namespace superstep {

namespace {

// Bytes that wait for their conversion.
constexpr std::size_t piece_bytes = std::size_t{1} << 20;

// Where the values of one read go, and how.
struct Sink {
  std::byte* out;
  std::size_t element;  // bytes of one converted element
  Convert convert;      // null: the bytes as they are
};

// Rows [first, first + count).
struct Rows {
  Index first;
  Index count;
};

// The part of one chunk that a read wants.
struct Tile {
  std::size_t chunk;  // its index in the table
  Index first_row;    // of the dataset
  Index n_rows;
  Index row_in_chunk;
  Index first_column;  // of the dataset
  Index n_columns;
};

Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }

bool is_decoded(const DatasetLayout& layout) {
  return layout.storage == Storage::chunked && !layout.filters.empty() && !layout.needs_hdf5;
}

Index chunk_columns(const DatasetLayout& layout) {
  return layout.chunk_shape.size() > 1 ? layout.chunk_shape[1] : 1;
}

std::size_t chunk_bytes(const DatasetLayout& layout) {
  return static_cast<std::size_t>(layout.chunk_shape[0] * chunk_columns(layout)) *
         layout.type.bytes;
}

std::size_t bytes_of_chunk_row(const DatasetLayout& layout) {
  return static_cast<std::size_t>(ceil_div(layout.columns(), chunk_columns(layout))) *
         chunk_bytes(layout);
}

}  // namespace

struct RowReader::Impl {
  Impl(DatasetLayout layout_in, std::size_t cache_bytes);

  void read(Rows rows, const Sink& sink);
  std::vector<std::string> read_variable_strings(Rows rows);

  [[noreturn]] void fail(Rows rows, const std::string& why) const;
  void check_range(Rows rows) const;

  // One way for each kind of storage.
  void read_plain(Rows rows, const Sink& sink, const std::byte* bytes);
  void read_contiguous(Rows rows, const Sink& sink);
  void read_chunked(Rows rows, const Sink& sink);
  void read_with_hdf5(Rows rows, const Sink& sink);

  void read_unfiltered(const Tile& tile, Rows rows, const Sink& sink);
  void read_filtered(const Tile& tile, Rows rows, const Sink& sink);
  void decode(const Tile& tile, ChunkDecoder& decoder, std::span<std::byte> out);
  void fill(const Tile& tile, Rows rows, const Sink& sink);

  void place(const std::byte* bytes, Index stride, const Tile& tile, Rows rows, const Sink& sink);
  void convert(const std::byte* bytes, Index count, Index row, const Sink& sink, std::byte* out);
  void fetch(void* to, std::size_t bytes, std::uint64_t offset, Rows rows);

  std::unique_ptr<ChunkDecoder> borrow();
  void give_back(std::unique_ptr<ChunkDecoder> decoder);

  DatasetLayout layout;
  Index n_columns;
  posix::Descriptor file;
  posix::Stamp stamp;  // when it was opened
  ChunkCache cache;
  std::atomic<std::size_t> bytes_read{0};
  std::atomic<std::size_t> chunks_decoded{0};
  std::mutex decoders_mutex;
  std::vector<std::unique_ptr<ChunkDecoder>> decoders;
  Hdf5Rows hdf5;
};

RowReader::Impl::Impl(DatasetLayout layout_in, std::size_t cache_bytes)
    : layout(std::move(layout_in)),
      n_columns(layout.columns()),
      cache(cache_bytes),
      hdf5(layout, cache_bytes) {
  if (layout.shape.empty() || layout.shape.size() > 2) {
    throw DataError(fmt::format("{} has {} dimensions; one or two are needed: reshape it",
                                layout.where(), layout.shape.size()));
  }
  file = posix::open_for_reading(layout.file);
  stamp = posix::stamp_of(file, layout.file);
  posix::require_agreed(stamp, layout.file_bytes, layout.file_modified_ns, layout.file);
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

void RowReader::Impl::fail(Rows rows, const std::string& why) const {
  throw FileError(fmt::format("cannot read rows {} to {} of {}: {}; copy or write it again",
                              rows.first, rows.first + rows.count - 1, layout.where(), why));
}

void RowReader::Impl::check_range(Rows rows) const {
  if (rows.first < 0 || rows.count < 0 || rows.first > layout.rows() - rows.count) {
    throw std::logic_error(fmt::format("rows {} + {} of {}, which has {}", rows.first, rows.count,
                                       layout.where(), layout.rows()));
  }
}

void RowReader::Impl::read(Rows rows, const Sink& sink) {
  check_range(rows);
  if (rows.count == 0 || n_columns == 0) return;
  if (layout.needs_hdf5) return read_with_hdf5(rows, sink);
  switch (layout.storage) {
    case Storage::unallocated:
      return fill({0, rows.first, rows.count, 0, 0, n_columns}, rows, sink);
    case Storage::compact:
      return read_plain(rows, sink, layout.inline_bytes.data());
    case Storage::contiguous:
      return read_contiguous(rows, sink);
    case Storage::chunked:
      return read_chunked(rows, sink);
  }
}

void RowReader::Impl::fetch(void* to, std::size_t bytes, std::uint64_t offset, Rows rows) {
  int error = 0;
  const std::size_t got = posix::read_at(file.get(), to, bytes, offset, error);
  bytes_read.fetch_add(got, std::memory_order_relaxed);
  if (error != 0) fail(rows, std::strerror(error));
  if (got < bytes) {
    fail(rows,
         fmt::format("the file ends at byte {}, {} bytes too early", offset + got, bytes - got));
  }
}

// `row` is that of the first element; `bytes` may be where the result belongs already.
void RowReader::Impl::convert(const std::byte* bytes, Index count, Index row, const Sink& sink,
                              std::byte* out) {
  if (sink.convert == nullptr) {
    if (bytes != out) std::memcpy(out, bytes, static_cast<std::size_t>(count) * sink.element);
    return;
  }
  const Index done = sink.convert(bytes, count, out);
  if (done == count) return;
  throw DataError(
      fmt::format("{} has an integer in row {} that no float64 equals (beyond 2^53); store "
                  "smaller numbers, or floating-point ones",
                  layout.where(), row + done / n_columns));
}

// Rows of a tile, `stride` elements apart, to their places in the output.
void RowReader::Impl::place(const std::byte* bytes, Index stride, const Tile& tile, Rows rows,
                            const Sink& sink) {
  const auto out_of = [&](Index row) {
    const Index element = (tile.first_row + row - rows.first) * n_columns + tile.first_column;
    return sink.out + static_cast<std::size_t>(element) * sink.element;
  };
  if (stride == n_columns && tile.n_columns == n_columns) {
    return convert(bytes, tile.n_rows * n_columns, tile.first_row, sink, out_of(0));
  }
  for (Index row = 0; row < tile.n_rows; ++row) {
    convert(bytes + static_cast<std::size_t>(row * stride) * layout.type.bytes, tile.n_columns,
            tile.first_row + row, sink, out_of(row));
  }
}

void RowReader::Impl::fill(const Tile& tile, Rows rows, const Sink& sink) {
  const std::size_t element = layout.type.bytes;
  std::vector<std::byte> one_row(static_cast<std::size_t>(tile.n_columns) * element);
  if (!layout.fill.empty()) {
    for (std::size_t at = 0; at < one_row.size(); at += element) {
      std::copy(layout.fill.begin(), layout.fill.end(), one_row.begin() + static_cast<Index>(at));
    }
  }
  place(one_row.data(), 0, tile, rows, sink);  // the same row every time
}

void RowReader::Impl::read_plain(Rows rows, const Sink& sink, const std::byte* bytes) {
  const std::size_t row_bytes = static_cast<std::size_t>(n_columns) * layout.type.bytes;
  place(bytes + static_cast<std::size_t>(rows.first) * row_bytes, n_columns,
        {0, rows.first, rows.count, 0, 0, n_columns}, rows, sink);
}

void RowReader::Impl::read_contiguous(Rows rows, const Sink& sink) {
  const std::size_t row_bytes = static_cast<std::size_t>(n_columns) * layout.type.bytes;
  const auto offset_of = [&](Index row) {
    return layout.offset + static_cast<std::uint64_t>(row) * row_bytes;
  };
  if (sink.convert == nullptr) {
    return fetch(sink.out, static_cast<std::size_t>(rows.count) * row_bytes, offset_of(rows.first),
                 rows);
  }
  const auto rows_a_piece = static_cast<Index>(std::max<std::size_t>(1, piece_bytes / row_bytes));
  auto decoder = borrow();
  for (Index done = 0; done < rows.count; done += rows_a_piece) {
    const Index n = std::min(rows_a_piece, rows.count - done);
    const auto piece = decoder->plain(static_cast<std::size_t>(n) * row_bytes);
    fetch(piece.data(), piece.size(), offset_of(rows.first + done), rows);
    place(piece.data(), n_columns, {0, rows.first + done, n, 0, 0, n_columns}, rows, sink);
  }
  give_back(std::move(decoder));
}

void RowReader::Impl::read_chunked(Rows rows, const Sink& sink) {
  const Index height = layout.chunk_shape[0];
  const Index width = chunk_columns(layout);
  const Index n_across = ceil_div(n_columns, width);
  const Index end = rows.first + rows.count;
  for (Index i = rows.first / height; i * height < end; ++i) {
    const Index first = std::max(rows.first, i * height);
    const Index n = std::min(end, (i + 1) * height) - first;
    for (Index j = 0; j < n_across; ++j) {
      const Tile tile{
          static_cast<std::size_t>(i * n_across + j), first, n, first - i * height, j * width,
          std::min(width, n_columns - j * width)};
      if (layout.chunks[tile.chunk].bytes == 0) {
        fill(tile, rows, sink);
      } else if (layout.filters.empty()) {
        read_unfiltered(tile, rows, sink);
      } else {
        read_filtered(tile, rows, sink);
      }
    }
  }
}

void RowReader::Impl::read_unfiltered(const Tile& tile, Rows rows, const Sink& sink) {
  const Index width = chunk_columns(layout);
  const std::size_t row_bytes = static_cast<std::size_t>(width) * layout.type.bytes;
  const auto offset_of = [&](Index row) {
    return layout.chunks[tile.chunk].address +
           static_cast<std::uint64_t>(tile.row_in_chunk + row) * row_bytes;
  };
  if (sink.convert == nullptr && width == n_columns) {
    std::byte* out = sink.out + static_cast<std::size_t>(tile.first_row - rows.first) * row_bytes;
    return fetch(out, static_cast<std::size_t>(tile.n_rows) * row_bytes, offset_of(0), rows);
  }
  const auto rows_a_piece = static_cast<Index>(std::max<std::size_t>(1, piece_bytes / row_bytes));
  auto decoder = borrow();
  for (Index done = 0; done < tile.n_rows; done += rows_a_piece) {
    Tile part = tile;
    part.first_row += done;
    part.n_rows = std::min(rows_a_piece, tile.n_rows - done);
    const auto piece = decoder->plain(static_cast<std::size_t>(part.n_rows) * row_bytes);
    fetch(piece.data(), piece.size(), offset_of(done), rows);
    place(piece.data(), width, part, rows, sink);
  }
  give_back(std::move(decoder));
}

void RowReader::Impl::decode(const Tile& tile, ChunkDecoder& decoder, std::span<std::byte> out) {
  const StoredChunk& chunk = layout.chunks[tile.chunk];
  const Rows rows{tile.first_row, tile.n_rows};
  const auto stored = decoder.stored(chunk.bytes);
  fetch(stored.data(), stored.size(), chunk.address, rows);
  try {
    decoder.decode(layout.filters, chunk.skipped_filters, out);
  } catch (const Undecodable& e) {
    fail(rows, fmt::format("the chunk at byte {} is damaged: {}", chunk.address, e.what()));
  }
  chunks_decoded.fetch_add(1, std::memory_order_relaxed);
}

void RowReader::Impl::read_filtered(const Tile& tile, Rows rows, const Sink& sink) {
  const Index height = layout.chunk_shape[0];
  const Index width = chunk_columns(layout);
  const Index chunk_first = tile.first_row - tile.row_in_chunk;
  const Index rows_there = std::min(height, layout.rows() - chunk_first);
  auto decoder = borrow();
  if (tile.n_rows < rows_there) {
    // Another read wants the rest of it.
    const auto bytes = cache.get(tile.chunk, tile.n_rows, rows_there, [&] {
      std::vector<std::byte> decoded(chunk_bytes(layout));
      decode(tile, *decoder, decoded);
      return decoded;
    });
    const auto skipped = static_cast<std::size_t>(tile.row_in_chunk * width) * layout.type.bytes;
    place(bytes->data() + skipped, width, tile, rows, sink);
  } else if (sink.convert == nullptr && width == n_columns && tile.n_rows == height) {
    std::byte* out =
        sink.out +
        static_cast<std::size_t>((tile.first_row - rows.first) * n_columns) * sink.element;
    decode(tile, *decoder, {out, chunk_bytes(layout)});
  } else {
    const auto decoded = decoder->plain(chunk_bytes(layout));
    decode(tile, *decoder, decoded);
    place(decoded.data(), width, tile, rows, sink);
  }
  give_back(std::move(decoder));
}

std::unique_ptr<ChunkDecoder> RowReader::Impl::borrow() {
  const std::scoped_lock lock(decoders_mutex);
  if (decoders.empty()) return std::make_unique<ChunkDecoder>();
  auto decoder = std::move(decoders.back());
  decoders.pop_back();
  return decoder;
}

void RowReader::Impl::give_back(std::unique_ptr<ChunkDecoder> decoder) {
  const std::scoped_lock lock(decoders_mutex);
  decoders.push_back(std::move(decoder));
}

// What only HDF5 converts comes as doubles; everything else as in the file, for our own conversion.
void RowReader::Impl::read_with_hdf5(Rows rows, const Sink& sink) {
  try {
    if (layout.type.kind == ElementKind::other_number) {
      return hdf5.read_doubles(rows.first, rows.count, sink.out);
    }
    const std::vector<std::byte> raw = hdf5.read_raw(rows.first, rows.count);
    place(raw.data(), n_columns, {0, rows.first, rows.count, 0, 0, n_columns}, rows, sink);
  } catch (const Undecodable& e) {
    fail(rows, e.what());
  }
}

std::vector<std::string> RowReader::Impl::read_variable_strings(Rows rows) {
  check_range(rows);
  if (rows.count == 0 || n_columns == 0) return {};
  return hdf5.read_strings(rows.first, rows.count);
}

RowReader::RowReader(DatasetLayout layout, std::size_t cache_bytes)
    : impl_(std::make_unique<Impl>(std::move(layout), cache_bytes)) {}
RowReader::RowReader(DatasetLayout layout) : RowReader(layout, pass_cache_bytes(layout, 1, 1)) {}
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;
RowReader::~RowReader() = default;

void RowReader::require_unchanged() const {
  posix::require_unchanged(impl_->file, impl_->stamp, impl_->layout.file);
}

const DatasetLayout& RowReader::layout() const { return impl_->layout; }
Index RowReader::rows() const { return impl_->layout.rows(); }
Index RowReader::columns() const { return impl_->n_columns; }
std::size_t RowReader::cache_bytes() const { return impl_->cache.max_bytes(); }
std::size_t RowReader::bytes_read() const { return impl_->bytes_read; }
std::size_t RowReader::chunks_decoded() const { return impl_->chunks_decoded; }

void RowReader::read_rows(Index first, Index count, double* out) const {
  const ElementType& type = impl_->layout.type;
  if (!type.is_number()) {
    throw DataError(fmt::format("{} holds text; numbers are needed", impl_->layout.where()));
  }
  const Convert convert = is_identical<double>(type) ? nullptr : conversion_to<double>(type);
  impl_->read({first, count}, {reinterpret_cast<std::byte*>(out), sizeof *out, convert});
}

void RowReader::read_rows(Index first, Index count, float* out) const {
  const ElementType& type = impl_->layout.type;
  if (!type.is_exact_in_float()) {
    throw std::logic_error(impl_->layout.where() + " does not fit into float32");
  }
  const Convert convert = is_identical<float>(type) ? nullptr : conversion_to<float>(type);
  impl_->read({first, count}, {reinterpret_cast<std::byte*>(out), sizeof *out, convert});
}

void RowReader::read_bytes(Index first, Index count, char* out) const {
  if (impl_->layout.type.bytes != 1) {
    throw DataError(impl_->layout.where() + " does not hold numbers of one byte");
  }
  impl_->read({first, count}, {reinterpret_cast<std::byte*>(out), 1, nullptr});
}

std::vector<std::string> RowReader::read_strings(Index first, Index count) const {
  const ElementType& type = impl_->layout.type;
  if (type.kind == ElementKind::variable_string)
    return impl_->read_variable_strings({first, count});
  if (type.kind != ElementKind::fixed_string) {
    throw DataError(fmt::format("{} holds numbers; text is needed", impl_->layout.where()));
  }
  impl_->check_range({first, count});
  const auto n = static_cast<std::size_t>(count * impl_->n_columns);
  std::vector<char> bytes(n * type.bytes);
  impl_->read({first, count}, {reinterpret_cast<std::byte*>(bytes.data()), type.bytes, nullptr});
  std::vector<std::string> texts(n);
  for (std::size_t i = 0; i < n; ++i) {
    texts[i] = h5::unpadded(bytes.data() + i * type.bytes, type.bytes, type.padding);
  }
  return texts;
}

std::size_t RowReader::pass_cache_bytes(const DatasetLayout& layout, int threads,
                                        Index block_rows) {
  if (layout.storage != Storage::chunked || layout.filters.empty()) return 0;
  const Index height = layout.chunk_shape[0];
  if (block_rows % height == 0) return 0;
  // Blocks in flight stand over this many rows of chunks; of short chunks only those matter that
  // lie across the border of two blocks.
  const Index spanned = std::min<Index>(ceil_div(threads * block_rows, height), threads) + 1;
  const Index all = ceil_div(layout.rows(), height);
  return static_cast<std::size_t>(std::min(spanned, all)) * bytes_of_chunk_row(layout);
}

std::size_t RowReader::scratch_bytes_per_thread() const {
  const DatasetLayout& layout = impl_->layout;
  if (!is_decoded(layout)) return piece_bytes;
  std::uint32_t most = 0;
  for (const StoredChunk& chunk : layout.chunks) most = std::max(most, chunk.bytes);
  // As stored, two steps between the filters, decoded.
  return most + 3 * chunk_bytes(layout);
}

}  // namespace superstep
