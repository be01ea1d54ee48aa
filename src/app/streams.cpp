// SPDX-License-Identifier: BSD-3-Clause
#include "app/streams.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <superstep/core/error.hpp>

namespace superstep::app {

namespace {

/// 0, or errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

void hold_standard_streams() {
  ::signal(SIGXFSZ, SIG_IGN);  // who writes is told by the call that it is too much
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number, so it is this one. Not to be written to: that is to fail.
    if (::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

void print_result(std::string_view text) {
  std::fflush(stdout);
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) {  // with SIGPIPE ignored by whoever started us
    ::signal(SIGPIPE, SIG_DFL);
    ::raise(SIGPIPE);
  }
  if (error != 0) {
    throw FileError(fmt::format(
        "cannot write the results to standard output: {}; {}", std::strerror(error),
        error == EBADF ? "leave it open, or send it to a file" : "send it to a place with room"));
  }
}

void print_message(std::string_view text) {
  std::fflush(stderr);
  write_all(STDERR_FILENO, text);  // nobody is left to be told of a failure
}

}  // namespace superstep::app
