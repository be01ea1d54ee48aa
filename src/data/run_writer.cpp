// SPDX-License-Identifier: BSD-3-Clause
#include "data/run_writer.hpp"

#include <algorithm>

#include <superstep/comm/collectively.hpp>
#include <superstep/data/block.hpp>

namespace superstep {

void RunWriter::put(const Communicator& comm, Index chunk, std::string bytes, Index begin,
                    Index end, const Write& write) {
  if (chunk > 0) return put_chunks(comm, chunk, std::move(bytes), begin, end, write);
  collectively(comm, [&] {
    if (!bytes.empty()) write(begin, std::ssize(bytes) / item_bytes_, bytes.data());
  });
}

/// Of items that begin with number `bytes_begin`, those in [begin, end).
std::string RunWriter::part_of(const std::string& bytes, Index bytes_begin, Index begin,
                               Index end) const {
  const Index from = std::max(begin, bytes_begin) - bytes_begin;
  const Index to = std::min(end - bytes_begin, std::ssize(bytes) / item_bytes_);
  if (from >= to) return {};
  return bytes.substr(static_cast<std::size_t>(from * item_bytes_),
                      static_cast<std::size_t>((to - from) * item_bytes_));
}

/// Whole chunks go out, shared by the ranks; what is left the root keeps until the next call.
void RunWriter::put_chunks(const Communicator& comm, Index chunk, std::string bytes, Index begin,
                           Index end, const Write& write) {
  if (comm.is_root()) {
    begin -= std::ssize(rest_) / item_bytes_;
    bytes = rest_ + bytes;
  }
  const Index until = end == items_ ? end : end / chunk * chunk;
  const Index chunks = (until - written_ + chunk - 1) / chunk;
  const auto range_of = [&](int rank) {
    const Share share = share_of(chunks, rank, comm.size());
    return std::pair{std::min(written_ + share.begin * chunk, until),
                     std::min(written_ + share.end * chunk, until)};
  };
  std::vector<std::vector<std::byte>> outgoing;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto [from, to] = range_of(rank);
    std::string part = part_of(bytes, begin, from, to);
    if (rank == 0) part += part_of(bytes, begin, until, end);
    const auto* first = reinterpret_cast<const std::byte*>(part.data());
    outgoing.emplace_back(first, first + part.size());
  }
  bytes = std::string();
  std::string mine;
  for (const auto& part : comm.exchange(outgoing)) {
    mine.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  const auto [from, to] = range_of(comm.rank());
  if (comm.is_root()) rest_ = mine.substr(static_cast<std::size_t>((to - from) * item_bytes_));
  write(from, to - from, mine.data());
  written_ = until;
}

}  // namespace superstep
