// SPDX-License-Identifier: BSD-3-Clause
// How fast /X of a file can be read: block by block into the memory of each thread, as the engine
// reads when it streams (`ours`), or the same bytes of the file with pread and nothing else
// (`raw`). Prints one JSON object: the seconds of the slowest rank and, of `ours`, the sum of all
// values' squares.
// usage: reading FILE ours|raw [--threads N]
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include <superstep/core/error.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/io/dataset_layout.hpp>
#include <superstep/learn/session.hpp>

namespace {

using namespace superstep;
using ReadBlock = std::function<void(Index block)>;

struct Piece {
  std::uint64_t offset;
  std::size_t bytes;
};

/// Where the bytes of one block of /X lie. A chunk belongs to the block in which it begins.
std::vector<Piece> pieces_of(const DatasetLayout& layout, const BlockPlan& plan, Index block) {
  const Index first = plan.first_row(block);
  const Index rows = plan.rows_of(block);
  if (layout.storage == Storage::contiguous) {
    const auto row_bytes = static_cast<std::size_t>(layout.columns()) * layout.type.bytes;
    return {{layout.offset + static_cast<std::uint64_t>(first) * row_bytes,
             static_cast<std::size_t>(rows) * row_bytes}};
  }
  std::vector<Piece> pieces;
  const Index height = layout.chunk_shape[0];
  const Index across = (layout.columns() + layout.chunk_shape[1] - 1) / layout.chunk_shape[1];
  for (Index i = (first + height - 1) / height; i * height < first + rows; ++i) {
    for (Index j = 0; j < across; ++j) {
      const StoredChunk& chunk = layout.chunks[static_cast<std::size_t>(i * across + j)];
      pieces.push_back({chunk.address, chunk.bytes});
    }
  }
  return pieces;
}

/// One thread's way to read the bytes of a block.
ReadBlock raw_reader(const DatasetLayout& layout, const BlockPlan& plan, int file) {
  return [&layout, &plan, file, buffer = std::make_shared<Buffer<std::byte>>()](Index block) {
    for (const Piece& piece : pieces_of(layout, plan, block)) {
      buffer->grow(static_cast<Index>(piece.bytes));
      std::size_t done = 0;
      while (done < piece.bytes) {
        const ssize_t got = ::pread(file, buffer->data() + done, piece.bytes - done,
                                    static_cast<off_t>(piece.offset + done));
        if (got <= 0) throw FileError(fmt::format("cannot read '{}'", layout.file));
        done += static_cast<std::size_t>(got);
      }
    }
  };
}

/// Seconds until every rank has read its share with so many threads.
double measure(const Communicator& comm, Index blocks, int threads,
               const std::function<ReadBlock()>& make_reader) {
  const Share share = share_of(blocks, comm.rank(), comm.size());
  std::atomic<Index> next{share.begin};
  const auto work = [&] {
    const ReadBlock read = make_reader();
    for (Index i = next++; i < share.end; i = next++) read(i);
  };
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  return comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

/// The sum of the squares of all values, for a comparison with other readers.
double sum_of_squares(const Communicator& comm, const Dataset& data) {
  const Share share = share_of(data.blocks().size(), comm.rank(), comm.size());
  StoredBlock block;
  double here = 0.0;
  const auto add = [&](const auto* values, Index count) {
    for (Index i = 0; i < count; ++i) here += double{values[i]} * double{values[i]};
  };
  for (Index i = share.begin; i < share.end; ++i) {
    data.read(i, Target::none, block);
    const Index count = data.blocks().rows_of(i) * data.columns();
    if (data.is_float32())
      add(block.x32.data(), count);
    else
      add(block.x64.data(), count);
  }
  double total = 0.0;
  for (const auto& bytes : comm.gather_all(std::as_bytes(std::span(&here, 1)))) {
    double part;
    std::memcpy(&part, bytes.data(), sizeof part);
    total += part;
  }
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  Session session(argc, argv);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool has_threads = words.size() == 4 && words[2] == "--threads";
  const int threads = has_threads ? std::atoi(words[3].c_str()) : 1;
  if ((words.size() != 2 && !has_threads) || (words[1] != "ours" && words[1] != "raw") ||
      threads < 1) {
    throw UsageError("usage: reading FILE ours|raw [--threads N]");
  }
  const Communicator& comm = session.comm();
  DataOptions options;
  options.readers = threads;
  const auto data = Dataset::open(comm, words[0], options);
  double seconds = 0.0;
  std::string squares;
  if (words[1] == "ours") {
    seconds = measure(comm, data->blocks().size(), threads, [&] {
      return [&data, block = std::make_shared<StoredBlock>()](Index i) {
        data->read(i, Target::none, *block);
      };
    });
    squares = fmt::format(", \"squares\": {}", sum_of_squares(comm, *data));
  } else {
    const DatasetLayout layout = describe(words[0], "/X");
    const int file = ::open(words[0].c_str(), O_RDONLY);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    seconds = measure(comm, data->blocks().size(), threads,
                      [&] { return raw_reader(layout, data->blocks(), file); });
    ::close(file);
  }
  session.print("{{\"seconds\": {:.6f}{}}}\n", seconds, squares);
  return 0;
}
