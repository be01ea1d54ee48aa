// SPDX-License-Identifier: BSD-3-Clause
#include "io/temporary_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include <superstep/core/hash.hpp>
#include <superstep/core/notices.hpp>
#include <superstep/core/text.hpp>
#include "core/unfinished_files.hpp"

namespace superstep::posix {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view infix = ".tmp.";
constexpr std::size_t digits = 8;       // of each of machine, process and noise
constexpr std::size_t old_digits = 16;  // noise only, as earlier versions wrote
// Whether locks reach from one host to another cannot be known, but a job at work writes.
constexpr std::time_t quiet_s = 600;

/// Of this start of this kernel, and of those who see the same processes.
std::uint32_t this_machine() {
  static const std::uint32_t mark = [] {
    std::string boot;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
    std::error_code none;
    return static_cast<std::uint32_t>(
        Hash64().add(boot).add(fs::read_symlink("/proc/self/ns/pid", none).string()).digest());
  }();
  return mark;
}

std::uint32_t noise(const std::string& path) {
  std::uint32_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) fail("write", path, errno);
  return bits;
}

/// What the name of a temporary file says of who made it.
struct Maker {
  std::uint32_t machine = 0;
  std::uint32_t process = 0;
};

/// Nothing where the name is not one of ours. `rest` is what follows the infix, without what
/// libraries have added.
std::optional<Maker> maker_of(std::string_view rest) {
  const bool is_hex = std::ranges::all_of(
      rest, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (!is_hex || (rest.size() != 3 * digits && rest.size() != old_digits)) return {};
  Maker maker;
  if (rest.size() == old_digits) return maker;
  std::from_chars(rest.data(), rest.data() + digits, maker.machine, 16);
  std::from_chars(rest.data() + digits, rest.data() + 2 * digits, maker.process, 16);
  return maker;
}

enum class Lock { taken, held_by_another, not_here };

/// One byte far behind any data, with the kind of lock that belongs to the descriptor: threads and
/// libraries that open the file again do not lose it. Not on NFS, where MPI-IO locks whole files.
Lock try_lock(int fd) {
  constexpr long nfs = 0x6969;
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0 || system.f_type == nfs) return Lock::not_here;
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = off_t{1} << 62;
  range.l_len = 1;
  if (::fcntl(fd, F_OFD_SETLK, &range) == 0) return Lock::taken;
  return errno == EAGAIN || errno == EACCES ? Lock::held_by_another : Lock::not_here;
}

enum class Owner { dead, alive, unknown };

/// With the lock in hand where that tells.
Owner owner_of(int fd, const Maker& maker, const struct stat& status) {
  const Lock lock = try_lock(fd);
  if (lock == Lock::held_by_another) return Owner::alive;
  if (maker.machine == this_machine()) {
    if (lock == Lock::taken) return Owner::dead;
    const bool is_gone = ::kill(static_cast<pid_t>(maker.process), 0) != 0 && errno == ESRCH;
    return is_gone ? Owner::dead : Owner::alive;
  }
  const bool is_quiet = std::time(nullptr) - status.st_mtime > quiet_s;
  return lock == Lock::taken && is_quiet ? Owner::dead : Owner::unknown;
}

void sweep(const std::string& name, const Maker& maker) {
  const Descriptor file(::open(name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const Owner owner = owner_of(file.get(), maker, status);
  const std::string size = format_bytes(std::int64_t{status.st_blocks} * 512);
  if (owner == Owner::dead && ::unlink(name.c_str()) == 0) {
    leave_notice(
        fmt::format("removed '{}' ({}), which a job that was killed had left", name, size));
  } else if (owner == Owner::unknown) {
    leave_notice(
        fmt::format("'{}' ({}) is a temporary file of a job on another host, or from before this "
                    "one was started again; remove it if that job has ended",
                    name, size));
  }
}

/// The files beside `path` that have its name and more behind, sorted.
std::vector<std::string> longer_names(const std::string& path) {
  const std::string stem = fs::path(path).filename().string();
  const std::string folder = fs::path(path).parent_path().string();
  std::error_code none;
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder.empty() ? "." : folder, none), end; !none && at != end;
       at.increment(none)) {
    const std::string name = at->path().filename().string();
    if (name.size() <= stem.size() || !name.starts_with(stem)) continue;
    found.push_back(path + name.substr(stem.size()));
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

void sweep_beside(const std::string& path) {
  const std::string stem = path + std::string(infix);
  for (const std::string& name : longer_names(stem)) {
    const std::size_t end = name.find_first_of("-.", stem.size());
    const std::string whose = name.substr(0, end);
    const auto maker = maker_of(std::string_view(whose).substr(stem.size()));
    if (!maker) continue;
    // What libraries made goes when that it belongs to is gone, which comes before it.
    if (whose == name) {
      sweep(name, *maker);
    } else if (::access(whose.c_str(), F_OK) != 0) {
      ::unlink(name.c_str());
    }
  }
}

TemporaryFile::TemporaryFile(const std::string& path) {
  if (path.empty()) throw FileError("cannot write a file without a name; give it one");
  std::error_code none;
  if (fs::path(path).filename().empty() || fs::is_directory(path, none)) {
    throw FileError(fmt::format("cannot write '{}': it is a directory; name a file in it", path));
  }
  sweep_beside(path);
  for (int attempt = 0; attempt < 100; ++attempt) {
    name_ =
        fmt::format("{}{}{:08x}{:08x}{:08x}", path, infix, this_machine(), ::getpid(), noise(path));
    slot_ = unfinished_files::remember(name_);
    file_ = Descriptor(::open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    const int error = errno;
    if (file_.get() < 0) {
      unfinished_files::forget(std::exchange(slot_, -1));
      name_.clear();
      if (error != EEXIST) fail("write", path, error);
      continue;
    }
    // Another job's sweep may have come between the two calls: then it has gone, or will.
    struct stat status {};
    const Lock lock = try_lock(file_.get());
    const bool is_there = ::fstat(file_.get(), &status) == 0 && status.st_nlink > 0;
    if (lock != Lock::held_by_another && is_there) {
      lock_ = Descriptor(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
      if (lock_.get() >= 0) return;
      const int no_more = errno;
      remove();
      fail("write", path, no_more);
    }
    remove();
  }
  fail("write", path, EEXIST);
}

void TemporaryFile::swap(TemporaryFile& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(lock_, other.lock_);
  std::swap(name_, other.name_);
  std::swap(slot_, other.slot_);
  std::swap(companions_, other.companions_);
}

void TemporaryFile::adopt_companions() {
  for (const std::string& name : longer_names(name_)) {
    companions_.push_back({name, unfinished_files::remember(name)});
  }
}

void TemporaryFile::remove() noexcept {
  if (!name_.empty()) ::unlink(name_.c_str());
  unfinished_files::forget(std::exchange(slot_, -1));
  for (const Companion& companion : companions_) {
    ::unlink(companion.name.c_str());
    unfinished_files::forget(companion.slot);
  }
  companions_.clear();
  name_.clear();
  file_.reset();
  lock_.reset();
}

void TemporaryFile::become(const std::string& path) {
  rename_durably(name_, path);
  name_.clear();
  remove();
}

Descriptor nameless_beside(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  Descriptor file(
      ::open(folder.empty() ? "." : folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  TemporaryFile named(path);  // not every file system can do without a name
  return named.take_descriptor();
}

}  // namespace superstep::posix
