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

const std::uint8_t* as_bytes(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::vector<std::byte> part_of(const std::string& text, Index text_begin, Index begin, Index end) {
  const Index from = std::max(begin, text_begin) - text_begin;
  const Index to = std::min(end, text_begin + std::ssize(text)) - text_begin;
  if (from >= to) return {};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes + from, bytes + to};
}

}  // namespace

std::vector<ParallelFile::NewDataset> TextColumnWriter::datasets(
    const DatasetOptions& options) const {
  DatasetOptions of_bytes = options;
  if (options.chunk_rows > 0) of_bytes.chunk_rows = chunk_bytes;
  return {{group_ + "/data", uint8_type(), {bytes_}, of_bytes},
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
  if (end > bytes_) {
    throw AgreedError(ExitCode::file,
                      group_ +
                          " has more bytes than were counted: what it is made of changed while "
                          "it was read; wait until nobody writes to it");
  }
  taken_ = end;
  for (Index& start : starts) start += begin;
  put_starts(comm, file, first, count, starts);
  if (file.is_collective(data_)) return put_chunks(comm, file, std::move(bytes), begin, end);
  collectively(comm, [&] {
    if (!bytes.empty()) file.write_rows(data_, begin, std::ssize(bytes), as_bytes(bytes));
  });
}

/// The last row brings the end of all.
void TextColumnWriter::put_starts(const Communicator& comm, ParallelFile& file, Index first,
                                  Index count, const std::vector<Index>& starts) const {
  const Index n = count > 0 && first + count == rows_ ? count + 1 : count;
  if (file.is_collective(indptr_)) return file.write_rows(indptr_, first, n, starts.data());
  collectively(comm, [&] { file.write_rows(indptr_, first, n, starts.data()); });
}

/// Whole chunks go out, shared by the ranks; what is left the root keeps until the next call.
/// [begin, begin + size): the bytes of this rank; `end`: of all ranks.
void TextColumnWriter::put_chunks(const Communicator& comm, ParallelFile& file, std::string bytes,
                                  Index begin, Index end) {
  if (comm.is_root()) {
    begin -= std::ssize(rest_);
    bytes = rest_ + bytes;
  }
  const Index chunk = file.chunk_rows(data_);
  const Index until = end == bytes_ ? end : end / chunk * chunk;
  const Index chunks = (until - written_ + chunk - 1) / chunk;
  const auto range_of = [&](int rank) {
    const Share share = share_of(chunks, rank, comm.size());
    return std::pair{std::min(written_ + share.begin * chunk, until),
                     std::min(written_ + share.end * chunk, until)};
  };
  std::vector<std::vector<std::byte>> outgoing;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto [from, to] = range_of(rank);
    outgoing.push_back(part_of(bytes, begin, from, to));
    if (rank > 0) continue;
    const std::vector<std::byte> rest = part_of(bytes, begin, until, end);
    outgoing.back().insert(outgoing.back().end(), rest.begin(), rest.end());
  }
  std::string mine;
  for (const auto& part : comm.exchange(outgoing)) {
    mine.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  const auto [from, to] = range_of(comm.rank());
  if (comm.is_root()) rest_ = mine.substr(static_cast<std::size_t>(to - from));
  file.write_rows(data_, from, to - from, as_bytes(mine));
  written_ = until;
}

}  // namespace superstep
