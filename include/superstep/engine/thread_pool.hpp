// SPDX-License-Identifier: BSD-3-Clause
// The threads of a rank. The calling thread is worker 0, the only one that may talk to other ranks.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace superstep {

class ThreadPool {
 public:
  /// Returns when all threads wait for work: a process may be forked right after, which memory
  /// allocators (that of GCC 12's sanitizers) do not survive beside a thread that is starting.
  /// Error where the system does not allow so many threads.
  explicit ThreadPool(int workers);
  ~ThreadPool();
  int workers() const { return static_cast<int>(threads_.size()) + 1; }

  /// Runs `work(worker)` on every worker and returns when all are done. `work` must not throw.
  /// `meanwhile` is called by the calling thread now and then while it waits for the others.
  void run(const std::function<void(int)>& work, const std::function<void()>& meanwhile);

 private:
  void loop(int worker);
  void end();

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  const std::function<void(int)>* work_ = nullptr;
  std::size_t round_ = 0;
  std::size_t started_ = 0;
  int running_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace superstep
