// SPDX-License-Identifier: BSD-3-Clause
// Decoded chunks that more than one read needs: taller than a block, or cut across by its border.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include <superstep/core/types.hpp>

namespace superstep {

/// Keeps the least recently used out when it grows over its bound, and lets a chunk go as soon as
/// all of its rows have been asked for. Any number of threads.
class ChunkCache {
 public:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;

  explicit ChunkCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::size_t max_bytes() const { return max_bytes_; }

  /// The decoded chunk `key`, of which the caller takes `rows` of `all_rows` rows. When it is not
  /// there, one thread calls `decode` and the others that want it wait; what it throws is thrown
  /// here, and the next caller tries again.
  Bytes get(std::size_t key, Index rows, Index all_rows,
            const std::function<std::vector<std::byte>()>& decode);

 private:
  struct Entry {
    Bytes bytes;  // null while a thread decodes
    Index rows_left = 0;
    std::uint64_t last_use = 0;
  };
  void keep_within_bound();

  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable decoded_;
  std::unordered_map<std::size_t, Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace superstep
