// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/atomic_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "io/posix_file.hpp"
#include "io/temporary_file.hpp"

namespace superstep {

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) posix::fail("write", path_, errno);
    return;
  }
  temporary_ = std::make_unique<posix::TemporaryFile>(path_);
  fd_ = temporary_->take_descriptor().release();
  if (exists) ::fchmod(fd_, status.st_mode & 07777);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
}

void AtomicFile::write(std::string_view text) {
  posix::write_all(fd_, text.data(), text.size(), path_);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  posix::write_all(fd_, bytes.data(), bytes.size(), path_);
}

void AtomicFile::commit() {
  posix::Descriptor file(std::exchange(fd_, -1));
  posix::sync_and_close(file, path_);
  if (temporary_) temporary_->become(path_);
}

void write_file(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::string read_file(const std::string& path) {
  const posix::Descriptor file = posix::open_for_reading(path);
  std::string text(posix::size_of_regular_file(path), '\0');
  int error = 0;
  text.resize(posix::read_at(file.get(), text.data(), text.size(), 0, error));
  if (error != 0) posix::fail("read", path, error);
  return text;
}

}  // namespace superstep
