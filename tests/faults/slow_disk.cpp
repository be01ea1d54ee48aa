// SPDX-License-Identifier: BSD-3-Clause
// Preloaded into the program: the rank SLOW_RANK sleeps SLOW_SECONDS, once, inside the
// SLOW_WRITE-th write to a temporary file, and says so by making the file SLOW_SAID.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

double number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? -1.0 : std::atof(text);
}

void perhaps_sleep(int fd) {
  static std::atomic<int> writes = 0;
  if (number("OMPI_COMM_WORLD_RANK") != number("SLOW_RANK")) return;
  char link[64], name[4096] = "";
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, name, sizeof name - 1) < 0 || std::strstr(name, ".tmp.") == nullptr) return;
  if (++writes != static_cast<int>(number("SLOW_WRITE"))) return;
  std::this_thread::sleep_for(std::chrono::duration<double>(number("SLOW_SECONDS")));
  close(open(std::getenv("SLOW_SAID"), O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
}

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return f(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return f(fd, bytes, size, at);
}
ssize_t pwritev(int fd, const iovec* parts, int n, off_t at) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return f(fd, parts, n, at);
}
ssize_t pwritev64(int fd, const iovec* parts, int n, off64_t at) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const iovec*, int, off64_t)>("pwritev64");
  return f(fd, parts, n, at);
}
ssize_t writev(int fd, const iovec* parts, int n) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const iovec*, int)>("writev");
  return f(fd, parts, n);
}
ssize_t write(int fd, const void* bytes, size_t size) {
  perhaps_sleep(fd);
  static const auto f = real<ssize_t (*)(int, const void*, size_t)>("write");
  return f(fd, bytes, size);
}

}  // extern "C"
