// SPDX-License-Identifier: BSD-3-Clause
#include "io/posix_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>

namespace superstep::posix {

namespace {

// Linux moves at most 0x7ffff000 bytes a call.
constexpr std::size_t max_transfer = std::size_t{1} << 30;

const char* advice(int error) {
  switch (error) {
    case ENOSPC:
      return "; free some space or write to another place";
    case EDQUOT:
      return "; your quota there is used up: remove something or write to another place";
    case EACCES:
    case EPERM:
      return "; check the permissions";
    case ENOENT:
      return "; check the path";
    case ENOTDIR:
      return "; a part of the path is a file";
    case EROFS:
      return "; write to another place";
    case EIO:
      return "; the storage has a fault: try again, then ask who runs it";
    case EFBIG:
      return "; files may not be as large there: raise the limit (ulimit -f) or write to another "
             "place";
    case EMFILE:
      return "; raise the limit on open files (ulimit -n)";
    default:
      return "";
  }
}

// Where the new name of `path` is kept.
std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Stamp stamp(const struct stat& status) {
  return {static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

}  // namespace

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void fail(const char* action, const std::string& path, int error) {
  throw FileError(
      fmt::format("cannot {} '{}': {}{}", action, path, std::strerror(error), advice(error)));
}

Stamp stamp_of(const Descriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("read", path, errno);
  return stamp(status);
}

void require_unchanged(const Descriptor& file, const Stamp& then, const std::string& path) {
  if (stamp_of(file, path) == then) return;
  throw FileError(
      fmt::format("'{}' changed while it was read; wait until nobody writes to it", path));
}

void require_agreed(const Stamp& mine, std::uint64_t bytes, std::int64_t modified_ns,
                    const std::string& path) {
  if (mine.bytes != bytes) {
    throw FileError(
        fmt::format("'{}' has {} bytes here and had {} when it was looked at; wait until nobody "
                    "writes to it, and let all ranks see the same file",
                    path, mine.bytes, bytes));
  }
  if (mine.modified_ns == modified_ns) return;
  throw FileError(
      fmt::format("'{}' was written at another time here than when it was looked at ({:+.3f} s); "
                  "wait until nobody writes to it, and let all ranks see the same file (copies: "
                  "cp -p)",
                  path, static_cast<double>(mine.modified_ns - modified_ns) * 1e-9));
}

std::uint64_t size_of_regular_file(const std::string& path) {
  return stamp_of_regular_file(path).bytes;
}

Stamp stamp_of_regular_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail("open", path, errno);
  if (S_ISDIR(status.st_mode)) {
    throw FileError(fmt::format("cannot open '{}': it is a directory; name a file in it", path));
  }
  if (!S_ISREG(status.st_mode)) {
    throw FileError(fmt::format(
        "cannot open '{}': it is not a regular file; write what it gives into a file first", path));
  }
  return stamp(status);
}

Descriptor open_for_reading(const std::string& path) {
  size_of_regular_file(path);  // opening a pipe nobody writes to would wait for ever
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("open", path, errno);
  return file;
}

std::string head_of(const std::string& path, std::size_t size) {
  const Descriptor file = open_for_reading(path);
  std::string head(size, '\0');
  int error = 0;
  head.resize(read_at(file.get(), head.data(), size, 0, error));
  if (error != 0) fail("read", path, error);
  return head;
}

std::size_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset, int& error) {
  error = 0;
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n =
        ::pread(fd, static_cast<char*>(data) + done, std::min(size - done, max_transfer),
                static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  return done;
}

void write_at(int fd, const void* data, std::size_t size, std::uint64_t offset,
              const std::string& path) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t n =
        ::pwrite(fd, static_cast<const char*>(data) + done, std::min(size - done, max_transfer),
                 static_cast<off_t>(offset + done));
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      fail("write", path, errno);
    }
  }
}

void write_all(int fd, const void* data, std::size_t size, const std::string& path) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t n =
        ::write(fd, static_cast<const char*>(data) + done, std::min(size - done, max_transfer));
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      fail("write", path, errno);
    }
  }
}

void reserve(int fd, std::uint64_t size, const std::string& path) {
  // Files of this length may not be allowed, which space beyond the end is not asked about.
  rlimit longest{};
  if (::getrlimit(RLIMIT_FSIZE, &longest) == 0 && size > longest.rlim_cur)
    fail("write", path, EFBIG);
  int error = 0;
  do {
    const int status = ::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
    error = status == 0 ? 0 : errno;
  } while (error == EINTR);
  const bool cannot_promise = error == EOPNOTSUPP || error == ENOSYS;
  if (error == 0) return;
  if (error != ENOSPC && !cannot_promise) fail("write", path, error);

  struct stat status {};
  struct statvfs disk {};
  if (::fstat(fd, &status) != 0 || ::fstatvfs(fd, &disk) != 0) fail("write", path, errno);
  const std::uint64_t held = static_cast<std::uint64_t>(status.st_blocks) * 512;
  const std::uint64_t missing = size > held ? size - held : 0;
  const std::uint64_t available = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool knows_no_size = disk.f_blocks == 0;  // file systems without a limit of their own
  if (cannot_promise && (knows_no_size || missing <= available)) return;
  throw FileError(fmt::format("cannot write '{}': it needs {} more and only {} are free there{}",
                              path, format_bytes(static_cast<std::int64_t>(missing)),
                              format_bytes(static_cast<std::int64_t>(available)), advice(ENOSPC)));
}

void trim(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || ::ftruncate(fd, status.st_size) != 0) fail("write", path, errno);
}

void sync(int fd, const std::string& path) {
  // Pipes and terminals have nothing to flush and say EINVAL.
  if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS) fail("write", path, errno);
}

void sync_and_close(Descriptor& file, const std::string& path) {
  sync(file.get(), path);
  if (::close(file.release()) != 0 && errno != EINTR) fail("write", path, errno);
}

void rename_durably(const std::string& temporary, const std::string& path) {
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("write", path, errno);
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return;  // no permission to list it: nothing more can be done
  sync(folder.get(), path);
}

}  // namespace superstep::posix
