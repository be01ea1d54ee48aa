// SPDX-License-Identifier: BSD-3-Clause
#include "io/chunk_cache.hpp"

#include <algorithm>

namespace superstep {

ChunkCache::Bytes ChunkCache::get(std::size_t key, Index rows, Index all_rows,
                                  const std::function<std::vector<std::byte>()>& decode) {
  std::unique_lock lock(mutex_);
  auto at = entries_.find(key);
  while (at != entries_.end() && !at->second.bytes) {
    decoded_.wait(lock);
    at = entries_.find(key);
  }
  if (at == entries_.end()) {
    entries_[key].rows_left = all_rows;
    lock.unlock();
    Bytes bytes;
    try {
      bytes = std::make_shared<const std::vector<std::byte>>(decode());
    } catch (...) {
      lock.lock();
      entries_.erase(key);
      decoded_.notify_all();
      throw;
    }
    lock.lock();
    at = entries_.find(key);  // an entry without bytes is never evicted
    at->second.bytes = std::move(bytes);
    bytes_ += at->second.bytes->size();
    decoded_.notify_all();
  }
  Entry& entry = at->second;
  const Bytes bytes = entry.bytes;
  entry.last_use = ++clock_;
  entry.rows_left -= rows;
  if (entry.rows_left <= 0) {
    bytes_ -= bytes->size();
    entries_.erase(at);
  }
  keep_within_bound();
  return bytes;
}

void ChunkCache::keep_within_bound() {
  while (bytes_ > max_bytes_) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
      if (!at->second.bytes) continue;
      if (oldest == entries_.end() || at->second.last_use < oldest->second.last_use) oldest = at;
    }
    bytes_ -= oldest->second.bytes->size();
    entries_.erase(oldest);
  }
}

}  // namespace superstep
