// SPDX-License-Identifier: BSD-3-Clause
// Files by descriptor, with every return code looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace superstep::posix {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  /// Closes without a word; for files that were only read or are thrown away.
  void reset() noexcept;
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// FileError "cannot ACTION 'path': what errno says; what to try". Action: "write".
[[noreturn]] void fail(const char* action, const std::string& path, int error);

/// What a file's status says of its contents.
struct Stamp {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  ///< of this host's view: not to be compared between hosts
  friend bool operator==(const Stamp&, const Stamp&) = default;
};
Stamp stamp_of(const Descriptor& file, const std::string& path);
/// Of a regular file by its path, as size_of_regular_file().
Stamp stamp_of_regular_file(const std::string& path);
/// FileError when an open file is not as it was when `then` was taken.
void require_unchanged(const Descriptor& file, const Stamp& then, const std::string& path);
/// FileError unless a file is the one that the ranks agreed on, by its size and the time it was
/// last written. Inodes are not compared: copies on the disks of several nodes, and some network
/// file systems, give each host another one.
void require_agreed(const Stamp& mine, std::uint64_t bytes, std::int64_t modified_ns,
                    const std::string& path);

/// The size of a regular file, or FileError: missing, a directory, not a regular file.
std::uint64_t size_of_regular_file(const std::string& path);
/// Opens a regular file for reading.
Descriptor open_for_reading(const std::string& path);

/// The first bytes of a regular file, at most `size`.
std::string head_of(const std::string& path, std::size_t size);

/// Reads up to `size` bytes at `offset`; fewer only at the end of the file. errno in `error` on
/// failure.
std::size_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset, int& error);
void write_at(int fd, const void* data, std::size_t size, std::uint64_t offset,
              const std::string& path);
/// At the current position; pipes too.
void write_all(int fd, const void* data, std::size_t size, const std::string& path);
/// Takes the space of the first `size` bytes from the disk without changing the file's length, or
/// at least looks whether it is there where the file system cannot promise it.
void reserve(int fd, std::uint64_t size, const std::string& path);
/// Gives back what was reserved beyond the end of the file.
void trim(int fd, const std::string& path);

/// Once: after a failed fsync the pages count as clean, so that a second one would lie.
void sync(int fd, const std::string& path);
/// Flushes and closes.
void sync_and_close(Descriptor& file, const std::string& path);
/// Gives the file its final name and makes the name durable.
void rename_durably(const std::string& temporary, const std::string& path);

}  // namespace superstep::posix
