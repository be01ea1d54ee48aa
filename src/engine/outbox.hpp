// SPDX-License-Identifier: BSD-3-Clause
// Rows that workers have computed, on their way to the thread that writes them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

#include <superstep/engine/engine.hpp>

namespace superstep {

/// Finished blocks on their way from the workers to the calling thread, the only one that may
/// write. Workers far ahead of it wait, so no more than a few blocks are ever on their way.
class Outbox {
 public:
  explicit Outbox(int workers) : most_(static_cast<std::size_t>(2 * workers)) {}

  Buffer<double> take_buffer(Index size) {
    Buffer<double> buffer;
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      buffer = std::move(spare_.back());
      spare_.pop_back();
    }
    buffer.grow(size);
    return buffer;
  }

  void put(Index first_row, Index rows, Buffer<double> values) {
    const std::lock_guard lock(mutex_);
    finished_.push_back({first_row, rows, std::move(values)});
  }

  /// Returns when the calling thread has caught up.
  void wait_for_room() {
    std::unique_lock lock(mutex_);
    drained_.wait(lock, [&] { return closed_ || finished_.size() < most_; });
  }

  /// Hands everything to the sink. When the sink throws, what follows is dropped.
  void drain(const Engine::RowsSink& sink) {
    std::unique_lock lock(mutex_);
    while (!finished_.empty()) {
      Finished next = std::move(finished_.back());
      finished_.pop_back();
      lock.unlock();
      try {
        if (!closed_) sink(next.first_row, next.rows, next.values.data());
      } catch (...) {
        close();
        throw;
      }
      lock.lock();
      spare_.push_back(std::move(next.values));
      drained_.notify_all();
    }
  }

 private:
  struct Finished {
    Index first_row;
    Index rows;
    Buffer<double> values;
  };
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    drained_.notify_all();
  }

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable drained_;
  std::vector<Finished> finished_;
  std::vector<Buffer<double>> spare_;
  bool closed_ = false;
};

}  // namespace superstep
