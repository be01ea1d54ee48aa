// SPDX-License-Identifier: BSD-3-Clause
#include "io/guarded_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

#include <fmt/format.h>

#include <superstep/core/bytes.hpp>
#include <superstep/core/error.hpp>
#include <superstep/io/h5.hpp>
#include "io/posix_file.hpp"

namespace superstep {

namespace {

constexpr rlim_t cpu_limit_s = 5;
constexpr int silence_limit_s = 120;  // waiting for storage costs no processor time
// Address space above what the process holds already: for HDF5 and a table of chunks, and for what
// a small file can hold decoded several times.
constexpr std::uint64_t memory_headroom = std::uint64_t{2} << 30;
constexpr std::uint64_t small_file_bytes = std::uint64_t{16} << 30;

enum class Outcome : std::uint8_t { result, error };

std::uint64_t address_space_in_use() {
  unsigned long pages = 0;
  if (std::FILE* statm = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(statm, "%lu", &pages) != 1) pages = 0;
    std::fclose(statm);
  }
  return std::uint64_t{pages} * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

void set_soft_limit(int resource, rlim_t value) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? value : std::min(value, limit.rlim_max);
  ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit);
}

// Dies with its parent, without a core file, and without the crash reports MPI prints. What
// sanitizers print is wanted where there are any: a fault found here would pass for a damaged file.
void restrict_child(std::uint64_t file_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal :
       {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGTERM, SIGINT, SIGHUP}) {
    ::signal(signal, SIG_DFL);
  }
#ifndef __SANITIZE_ADDRESS__
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
#endif
  set_soft_limit(RLIMIT_CORE, 0);
  set_soft_limit(RLIMIT_CPU, cpu_limit_s);
  const std::uint64_t in_use = address_space_in_use();
  if (in_use > 0)
    set_soft_limit(RLIMIT_AS,
                   in_use + memory_headroom + 4 * std::min(file_bytes, small_file_bytes));
}

std::vector<std::byte> run(const std::function<std::vector<std::byte>()>& work) {
  const auto error = [](ExitCode code, const char* text) {
    return ByteWriter().put(Outcome::error).put(code).put(std::string_view(text)).take();
  };
  try {
    const std::vector<std::byte> result = work();
    return ByteWriter().put(Outcome::result).put(result).take();
  } catch (const Error& e) {
    return error(e.exit_code(), e.what());
  } catch (const std::bad_alloc&) {
    return error(ExitCode::memory, "");
  } catch (const std::exception& e) {
    return error(ExitCode::defect, e.what());
  }
}

[[noreturn]] void be_the_child(int pipe_end, std::uint64_t file_bytes,
                               const std::function<std::vector<std::byte>()>& work) {
  // The mutex is held by the parent's thread, whose id the child's only thread does not have.
  std::construct_at(&h5::library_mutex());
  h5::free_library_mutex_after_fork();
  restrict_child(file_bytes);
  const std::vector<std::byte> answer = run(work);
  try {
    posix::write_all(pipe_end, answer.data(), answer.size(), "pipe");
  } catch (...) {
    ::_exit(1);  // the parent is gone
  }
  // No destructor, no atexit: MPI and HDF5 belong to the parent.
  ::_exit(0);
}

std::vector<std::byte> read_to_end(int fd) {
  std::vector<std::byte> bytes;
  std::size_t used = 0;
  while (true) {
    pollfd readable{fd, POLLIN, 0};
    const int n_ready = ::poll(&readable, 1, silence_limit_s * 1000);
    if (n_ready == 0) break;
    if (n_ready < 0) continue;  // a signal
    if (bytes.size() - used < 65536) bytes.resize(std::max<std::size_t>(65536, 2 * bytes.size()));
    const ssize_t n = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (n > 0) used += static_cast<std::size_t>(n);
    if (n == 0 || (n < 0 && errno != EINTR)) break;
  }
  bytes.resize(used);
  return bytes;
}

[[noreturn]] void rethrow(ExitCode code, const std::string& file, const std::string& what) {
  // HDF5 knows objects by handles: not every message of its calls can name the file.
  const bool names_file = what.find(file) != std::string::npos;
  const std::string text = names_file ? what : fmt::format("'{}': {}", file, what);
  switch (code) {
    case ExitCode::usage:
      throw UsageError(text);
    case ExitCode::bad_data:
      throw DataError(text);
    case ExitCode::file:
      throw FileError(text);
    case ExitCode::memory:
      throw FileError(fmt::format(
          "'{}' is damaged, or too large to be looked into: HDF5 ran out of memory; copy or write "
          "it again",
          file));
    default:
      throw std::logic_error(text);
  }
}

[[noreturn]] void report_death(const std::string& file, int status) {
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (signal == SIGXCPU || signal == SIGKILL) {
    throw FileError(
        fmt::format("'{}' is damaged, or its storage does not answer: HDF5 came to no end looking "
                    "into it; copy "
                    "or write it again",
                    file));
  }
  throw FileError(
      fmt::format("'{}' is damaged: HDF5 crashed looking into it{}; copy or write it again", file,
                  signal ? fmt::format(" (signal {})", signal) : std::string()));
}

}  // namespace

std::vector<std::byte> in_guarded_child(const std::string& file,
                                        const std::function<std::vector<std::byte>()>& work) {
  h5::initialize();
  const std::uint64_t file_bytes = posix::size_of_regular_file(file);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) posix::fail("look into", file, errno);
  posix::Descriptor read_end(ends[0]);
  posix::Descriptor write_end(ends[1]);
  pid_t child = -1;
  {
    // So that no other thread is inside HDF5 at the moment of the fork.
    const std::scoped_lock lock(h5::library_mutex());
    child = ::fork();
    if (child == 0) be_the_child(write_end.get(), file_bytes, work);
  }
  if (child < 0) posix::fail("start a process to look into", file, errno);
  write_end.reset();
  const std::vector<std::byte> answer = read_to_end(read_end.get());
  ::kill(child, SIGKILL);  // does nothing to one that has ended
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ByteReader reader(answer);
  try {
    if (reader.get<Outcome>() == Outcome::result) return reader.values<std::byte>();
  } catch (const std::out_of_range&) {
    report_death(file, status);
  }
  const auto code = reader.get<ExitCode>();
  rethrow(code, file, reader.text());
}

void allow_more_time(double seconds) {
  rlimit limit{};
  ::getrlimit(RLIMIT_CPU, &limit);
  set_soft_limit(RLIMIT_CPU, limit.rlim_cur + static_cast<rlim_t>(std::ceil(seconds)));
}

}  // namespace superstep
