// SPDX-License-Identifier: BSD-3-Clause
// HDF5 handles that close themselves, and errors a person can read. HDF5 is not thread-safe:
// whoever calls it holds library_mutex(). Include this in .cpp files of io/ only.
#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace superstep::h5 {

/// Held around every call into HDF5. Recursive, so that a guarded function may call another.
std::recursive_mutex& library_mutex();

/// For the child of a fork made while the mutex was held: makes it free again there.
void free_library_mutex_after_fork();

/// Starts the library: its own error printer off, no plugins from outside. Any number of calls.
void initialize();

/// The most telling lines of HDF5's error stack, joined by "; ". Clears the stack.
std::string error_text();

[[noreturn]] void fail(std::string_view action);

/// The id or status, or FileError "cannot ACTION: what HDF5 says". Action: "open 'train.h5'".
template <class Status>
Status check(Status status, std::string_view action) {
  if (status < 0) fail(action);
  return status;
}

/// Owns any HDF5 identifier. Its destructor never throws. Closing what belongs to a file opened for
/// parallel access communicates: where ranks part ways such a handle is abandoned, not closed.
class Handle {
 public:
  Handle() = default;
  /// Takes over `id`; FileError when it is negative.
  Handle(hid_t id, std::string_view action) : id_(check(id, action)) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Handle() { reset(); }

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  /// Closes now, without a word when that fails.
  void reset() noexcept;
  /// Leaves it open; HDF5 closes it when MPI ends.
  void abandon() noexcept { id_ = H5I_INVALID_HID; }
  /// Closes now; FileError when that fails.
  void close(std::string_view action);

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// A file access property list for one process: no file locks (they fail on NFS and Lustre), object
/// headers every HDF5 since 1.8 reads.
Handle serial_access();

/// Opens for reading, or FileError in plain words: missing, a directory, no permission, not HDF5,
/// truncated (with the bytes it should have), or what HDF5 says. `access`: serial_access().
Handle open_for_reading(const std::string& path, const Handle& access);

}  // namespace superstep::h5
