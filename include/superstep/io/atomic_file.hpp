// SPDX-License-Identifier: BSD-3-Clause
// A file of text or bytes that appears whole or not at all.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace superstep {

namespace posix {
class TemporaryFile;
}

/// Collects what is written in a temporary file beside `path`; commit() makes it durable and gives
/// it its name. Without commit the temporary file is removed, also by
/// signals that end the process. Errors are FileErrors with the path
/// and the reason. A `path` that exists and is no regular file (a pipe, /dev/stdout) is written to
/// directly.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view text);
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  std::string path_;
  std::unique_ptr<posix::TemporaryFile> temporary_;
  int fd_ = -1;
};

/// The whole file in one call.
void write_file(const std::string& path, std::string_view text);
void write_file(const std::string& path, std::span<const std::byte> bytes);

/// The whole of a small file (configuration, CSV headers); FileError when it cannot be read.
std::string read_file(const std::string& path);

}  // namespace superstep
