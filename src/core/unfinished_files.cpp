// SPDX-License-Identifier: BSD-3-Clause
#include "core/unfinished_files.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace superstep::unfinished_files {

namespace {

// More than are open at a time; what finds no slot is left to the sweep of the next job.
constexpr int n_slots = 64;
std::array<std::atomic<char*>, n_slots> names;
std::atomic<bool> is_ending = false;
std::atomic<pid_t> owner = 0;  // a child that was forked has the names too, but not the files

// What ends a process that does not expect it.
constexpr std::array endings = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,   SIGUSR2,
                                SIGPIPE, SIGALRM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};
constexpr std::array crashes = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
std::array<struct sigaction, NSIG> before;

/// Removes the files, then lets the signal do what it would have done without us.
void on_signal(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  const bool is_default = before[static_cast<std::size_t>(signal)].sa_handler == SIG_DFL;
  if (is_default && ::getpid() == owner) is_ending = true;
  remove_all();
  ::sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
  // Held back until this returns. A fault of the processor comes again by itself.
  const bool comes_again = info->si_code > 0 && !is_default;
  if (!comes_again) ::raise(signal);
  errno = error;
}

void install_handlers() {
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO;
  sigfillset(&action.sa_mask);
  const auto install = [&](int signal, bool only_over_default) {
    struct sigaction& old = before[static_cast<std::size_t>(signal)];
    if (::sigaction(signal, nullptr, &old) != 0) return;
    // What is ignored (nohup) does not end the process, and who handles it may go on.
    const bool is_default = (old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_DFL;
    const bool is_ignored = (old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_IGN;
    if (only_over_default ? is_default : !is_ignored) ::sigaction(signal, &action, nullptr);
  };
  for (const int signal : endings) install(signal, true);
  for (const int signal : crashes) install(signal, false);
}

}  // namespace

int remember(const std::string& path) {
  static std::once_flag once;
  std::call_once(once, install_handlers);
  owner = ::getpid();
  char* name = ::strdup(path.c_str());
  int slot = -1;
  for (int i = 0; i < n_slots && slot < 0 && name != nullptr; ++i) {
    char* nobody = nullptr;
    if (names[static_cast<std::size_t>(i)].compare_exchange_strong(nobody, name)) slot = i;
  }
  if (slot < 0) std::free(name);
  // Another thread is ending the process and has gone through the names already.
  while (is_ending) ::pause();
  return slot;
}

void forget(int slot) noexcept {
  if (slot >= 0) std::free(names[static_cast<std::size_t>(slot)].exchange(nullptr));
}

// Whoever takes a name out of its slot has it alone; nothing is freed, which a handler must not do.
void remove_all() noexcept {
  if (::getpid() != owner) return;
  for (std::atomic<char*>& slot : names) {
    if (const char* name = slot.exchange(nullptr)) ::unlink(name);
  }
}

}  // namespace superstep::unfinished_files
