// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/engine/thread_pool.hpp>

#include <fmt/format.h>

#include <chrono>
#include <system_error>

#include <superstep/core/error.hpp>

namespace superstep {

ThreadPool::ThreadPool(int workers) {
  for (int worker = 1; worker < workers; ++worker) {
    try {
      threads_.emplace_back([this, worker] { loop(worker); });
    } catch (const std::system_error& e) {
      end();
      throw Error(ExitCode::failure,
                  fmt::format("only {} of {} threads could be started ({}); give fewer --threads, "
                              "or raise the limit of processes (ulimit -u)",
                              worker, workers, e.code().message()));
    }
  }
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return started_ == threads_.size(); });
}

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::end() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadPool::run(const std::function<void(int)>& work, const std::function<void()>& meanwhile) {
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    running_ = static_cast<int>(threads_.size());
    ++round_;
  }
  start_.notify_all();
  work(0);
  std::unique_lock lock(mutex_);
  while (!done_.wait_for(lock, std::chrono::milliseconds(50), [&] { return running_ == 0; })) {
    lock.unlock();
    meanwhile();
    lock.lock();
  }
}

void ThreadPool::loop(int worker) {
  std::size_t seen = 0;
  std::unique_lock lock(mutex_);
  ++started_;
  done_.notify_one();
  for (;;) {
    start_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    const std::function<void(int)>* work = work_;
    lock.unlock();
    (*work)(worker);
    lock.lock();
    if (--running_ == 0) done_.notify_one();
  }
}

}  // namespace superstep
