// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/answering.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace superstep {

void answering(const Communicator& comm, const std::function<void()>& work) {
  if (!comm.is_watched()) return work();
  std::mutex mutex;
  std::condition_variable ended;
  bool has_ended = false;
  std::exception_ptr failure;
  std::thread worker;
  try {
    worker = std::thread([&] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
      const std::lock_guard lock(mutex);
      has_ended = true;
      ended.notify_one();
    });
  } catch (const std::system_error&) {
    return work();
  }
  for (std::unique_lock lock(mutex);
       !ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return has_ended; });) {
    comm.answer();
  }
  worker.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace superstep
