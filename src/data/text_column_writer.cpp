// SPDX-License-Identifier: BSD-3-Clause
#include "data/text_column_writer.hpp"

#include <algorithm>

#include <superstep/comm/collectively.hpp>
#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/data/block.hpp>

namespace superstep {

namespace {

// Chunks of the bytes, which know nothing of rows.
constexpr Index chunk_bytes = Index{1} << 20;

}  // namespace

std::vector<ParallelFile::NewDataset> TextColumnWriter::datasets(
    const DatasetOptions& options) const {
  DatasetOptions of_bytes = options;
  if (options.chunk_rows > 0) of_bytes.chunk_rows = chunk_bytes;
  return {{group_ + "/data", uint8_type(), {run_.items()}, of_bytes},
          {group_ + "/indptr", int64_type(), {rows_ + 1}, options}};
}

void TextColumnWriter::begin(Index tasks) {
  parts_.resize(static_cast<std::size_t>(tasks));
  for (TextRows& part : parts_) {
    part.bytes.clear();
    part.sizes.clear();
  }
}

/// The bytes of the portion; `starts`: where each row begins in them, and their end.
std::string TextColumnWriter::joined(std::vector<Index>& starts) {
  std::string bytes;
  starts.assign(1, 0);
  for (TextRows& part : parts_) {
    bytes += part.bytes;
    for (const Index size : part.sizes) starts.push_back(starts.back() + size);
  }
  return bytes;
}

void TextColumnWriter::put(const Communicator& comm, ParallelFile& file, Index first, Index count) {
  std::vector<Index> starts;
  std::string bytes = joined(starts);
  Index begin = taken_;  // of this rank
  Index end = taken_;    // of all ranks
  int rank = 0;
  for (const auto& message : comm.gather_all(ByteWriter().put(Index{std::ssize(bytes)}).take())) {
    const Index size = ByteReader(message).get<Index>();
    if (rank++ < comm.rank()) begin += size;
    end += size;
  }
  if (end > run_.items()) {
    throw AgreedError(ExitCode::file,
                      group_ +
                          " has more bytes than were counted: what it is made of changed while "
                          "it was read; wait until nobody writes to it");
  }
  taken_ = end;
  for (Index& start : starts) start += begin;
  put_starts(comm, file, first, count, starts);
  run_.put(comm, file.is_collective(data_) ? file.chunk_rows(data_) : 0, std::move(bytes), begin,
           end, [&](Index at, Index size, const char* from) {
             file.write_rows(data_, at, size, reinterpret_cast<const std::uint8_t*>(from));
           });
}

/// The last row brings the end of all.
void TextColumnWriter::put_starts(const Communicator& comm, ParallelFile& file, Index first,
                                  Index count, const std::vector<Index>& starts) const {
  const Index n = count > 0 && first + count == rows_ ? count + 1 : count;
  if (file.is_collective(indptr_)) return file.write_rows(indptr_, first, n, starts.data());
  collectively(comm, [&] { file.write_rows(indptr_, first, n, starts.data()); });
}

}  // namespace superstep
