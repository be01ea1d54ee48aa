// SPDX-License-Identifier: BSD-3-Clause
#include "learn/share_out.hpp"

#include <cstring>

#include <superstep/comm/answering.hpp>
#include <superstep/comm/collectively.hpp>
#include <superstep/data/block.hpp>

namespace superstep {

namespace {

void append(std::vector<std::byte>& bytes, const void* from, std::size_t count) {
  const auto* first = static_cast<const std::byte*>(from);
  bytes.insert(bytes.end(), first, first + count);
}

/// The result that begins at `at`: how many doubles, and those.
std::vector<double> take(std::span<const std::byte> bytes, std::size_t& at) {
  Index count = 0;
  std::memcpy(&count, bytes.data() + at, sizeof count);
  at += sizeof count;
  std::vector<double> result(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(result.data(), bytes.data() + at, result.size() * sizeof(double));
  at += result.size() * sizeof(double);
  return result;
}

}  // namespace

std::vector<std::vector<double>> share_out(const Communicator& comm, Index count,
                                           const std::function<std::vector<double>(Index)>& task) {
  std::vector<std::vector<double>> results;
  // One task is done by everybody sooner than it is told.
  const bool is_shared = comm.size() > 1 && count > 1;
  const Share share = is_shared ? share_of(count, comm.rank(), comm.size()) : Share{0, count};
  const auto work = [&] {
    const Stretch solving(comm.events(), {.kind = Event::Kind::tasks});
    answering(comm, [&] {
      for (Index i = share.begin; i < share.end; ++i) results.push_back(task(i));
    });
    if (count > 1) solving.end({.blocks = share.size()});
  };
  if (!is_shared) {
    work();
    return results;
  }
  collectively(comm, work);
  std::vector<std::byte> mine;
  for (const std::vector<double>& result : results) {
    const Index size = std::ssize(result);
    append(mine, &size, sizeof size);
    append(mine, result.data(), result.size() * sizeof(double));
  }
  results.clear();
  for (const std::vector<std::byte>& bytes : comm.gather_all(mine)) {
    for (std::size_t at = 0; at < bytes.size();) results.push_back(take(bytes, at));
  }
  return results;
}

}  // namespace superstep
