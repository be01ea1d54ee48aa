// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/inside_mpi.hpp>

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <superstep/comm/communicator.hpp>
#include <superstep/comm/launch.hpp>
#include <superstep/core/error.hpp>
#include "comm/leave_job.hpp"
#include "comm/signs_of_life.hpp"

namespace superstep {

namespace {

/// The call that is under way. Written by the thread that talks MPI, read by the one that watches.
struct CallUnderWay {
  std::atomic<std::uint64_t> number = 0;  ///< odd while there is one
  std::atomic<const char*> what = "";
  std::atomic<double> patience = 1.0;
};
CallUnderWay under_way;

[[noreturn]] void end_job(const std::string& message) {
  const std::string line = "superstep: " + message + ", or raise SUPERSTEP_WATCHDOG\n";
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) { /* nobody to tell */
  }
  leave_job(static_cast<int>(ExitCode::rank_lost));
}

std::string message_of(const char* what, double seconds) {
  return fmt::format(
      "a rank stopped answering within MPI ({}): nothing came for {:.0f} s on host {}; look at the "
      "hosts of the job (a process that is suspended, a network that hangs)",
      what, seconds, host_name());
}

std::string message_of(const Silent& silent) {
  const std::string others = silent.others > 0 ? fmt::format(" and {} more", silent.others) : "";
  return fmt::format(
      "rank {}{} stopped answering while files were written in parallel: no sign of life for "
      "{:.0f} s from host {}; look at that host (a process that is suspended, a network that "
      "hangs)",
      silent.rank, others, silent.seconds, silent.host);
}

class Watch {
 public:
  Watch() : thread_([this] { watch(); }) {}
  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      has_ended_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void watch() {
    using Clock = std::chrono::steady_clock;
    const double period_s = std::clamp(watch_limit_s() / 8, 0.01, 0.25);
    const double turn = turn_to_speak(launched_rank());
    std::uint64_t seen = 0;
    double now_s = 0.0;    // without the time in which this process was suspended
    double since_s = 0.0;  // the call that was seen
    auto last = Clock::now();
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, std::chrono::duration<double>(period_s),
                            [this] { return has_ended_; })) {
      const auto now = Clock::now();
      const double passed_s = std::chrono::duration<double>(now - last).count();
      last = now;
      now_s += std::min(passed_s, 4 * period_s);  // more: this process was suspended
      const Writing writing = InsideParallelIo::now();
      signs_of_life().exchange(now_s, writing);
      if (const auto silent = signs_of_life().silent(now_s, writing)) end_job(message_of(*silent));
      const std::uint64_t number = under_way.number.load(std::memory_order_acquire);
      if (number != seen || number % 2 == 0) {
        seen = number;
        since_s = now_s;
        continue;
      }
      const double patience_s = under_way.patience * turn * (2 * watch_limit_s() + 2.0);
      if (now_s - since_s > patience_s) end_job(message_of(under_way.what, now_s - since_s));
    }
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_ended_ = false;
  std::thread thread_;
};

Watch* the_watch = nullptr;  // never destroyed by exit(), which the watch itself may cause

}  // namespace

InsideMpi::InsideMpi(const char* what, double patience) {
  under_way.what.store(what, std::memory_order_relaxed);
  under_way.patience.store(patience, std::memory_order_relaxed);
  under_way.number.fetch_add(1, std::memory_order_release);
}

InsideMpi::~InsideMpi() { under_way.number.fetch_add(1, std::memory_order_release); }

// A process that may not have one more thread is not watched; that is no reason to refuse its work.
void start_watching_mpi() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the thread that works
  try {
    the_watch = new Watch;
  } catch (const std::system_error&) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void stop_watching_mpi() { delete std::exchange(the_watch, nullptr); }

double watch_limit_s() {
  static const double limit_s = [] {
    const char* text = std::getenv("SUPERSTEP_WATCHDOG");
    const double value = text != nullptr ? std::atof(text) : 0.0;
    return value > 0.0 ? value : 60.0;
  }();
  return limit_s;
}

}  // namespace superstep
