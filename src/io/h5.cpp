// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/io/h5.hpp>

#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "io/posix_file.hpp"

namespace superstep::h5 {

namespace {

herr_t collect(unsigned /*depth*/, const H5E_error2_t* error, void* lines) {
  static_cast<std::vector<std::string>*>(lines)->emplace_back(error->desc ? error->desc : "");
  return 0;
}

// The two byte counts HDF5 mentions when a file is shorter than its superblock says.
bool truncation_in(const std::string& text, unsigned long long& found,
                   unsigned long long& expected) {
  const char* at = std::strstr(text.c_str(), "truncated file:");
  unsigned long long base = 0;
  return at &&
         std::sscanf(at, "truncated file: eof = %llu, sblock->base_addr = %llu, stored_eof = %llu",
                     &found, &base, &expected) == 3;
}

}  // namespace

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

void free_library_mutex_after_fork() {
  // The child's only thread has another id than the one that locked it, so it cannot unlock.
  new (&library_mutex()) std::recursive_mutex;
}

void initialize() {
  static const bool done = [] {
    const std::scoped_lock lock(library_mutex());
    // Left to the end of MPI: at the end of the process the other ranks may be gone.
    H5dont_atexit();
    check(H5open(), "start HDF5");
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    // Plug-ins found through the environment are linked to another HDF5 and crash this one.
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(done);
}

std::string error_text() {
  const std::scoped_lock lock(library_mutex());
  std::vector<std::string> lines;  // the innermost first
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &lines);
  H5Eclear2(H5E_DEFAULT);
  return lines.empty() ? "HDF5 gives no reason" : lines.front();
}

void fail(std::string_view action) {
  const std::string reason = error_text();
  throw FileError(fmt::format("cannot {}: {}", action, reason));
}

void Handle::reset() noexcept {
  if (id_ < 0) return;
  const std::scoped_lock lock(library_mutex());
  if (H5Idec_ref(id_) < 0) H5Eclear2(H5E_DEFAULT);
  id_ = H5I_INVALID_HID;
}

void Handle::close(std::string_view action) {
  const std::scoped_lock lock(library_mutex());
  check(H5Idec_ref(std::exchange(id_, H5I_INVALID_HID)), action);
}

Handle serial_access() {
  initialize();
  const std::scoped_lock lock(library_mutex());
  Handle access(H5Pcreate(H5P_FILE_ACCESS), "prepare to open a file");
  check(H5Pset_file_locking(access.get(), false, true), "switch file locks off");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST),
        "choose the file format");
  return access;
}

Handle open_for_reading(const std::string& path, const Handle& access) {
  posix::open_for_reading(path);  // for its messages
  const std::scoped_lock lock(library_mutex());
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get());
  if (file >= 0) return Handle(file, "open");
  const std::string reason = error_text();
  unsigned long long found = 0;
  unsigned long long expected = 0;
  if (truncation_in(reason, found, expected)) {
    throw FileError(
        fmt::format("'{}' is truncated: it should have {} bytes and has {}; copy or write it again",
                    path, expected, found));
  }
  if (posix::size_of_regular_file(path) == 0) {
    throw FileError(fmt::format("'{}' is empty; copy or write it again", path));
  }
  if (reason.find("signature not found") != std::string::npos) {
    throw FileError(fmt::format(
        "'{}' is not an HDF5 file; convert it with 'superstep import', or check the path", path));
  }
  throw FileError(fmt::format("cannot open '{}' as an HDF5 file: {}", path, reason));
}

}  // namespace superstep::h5
