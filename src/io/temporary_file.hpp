// SPDX-License-Identifier: BSD-3-Clause
// The file in which an output is collected beside its name, until it is whole.
//
// It goes with its object, and with the process by whatever signal that ends, except SIGKILL. So
// its owner holds a lock on it, and who makes the next one for that output removes those whose
// owner is dead. Its name says on which machine and by which process it was made, for file systems
// without locks.
#pragma once

#include <string>
#include <vector>

#include "io/posix_file.hpp"

namespace superstep::posix {

class TemporaryFile {
 public:
  TemporaryFile() = default;
  /// Sweeps, then makes a file for the output `path`. FileError when that is a directory.
  explicit TemporaryFile(const std::string& path);
  TemporaryFile(TemporaryFile&& other) noexcept { swap(other); }
  TemporaryFile& operator=(TemporaryFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~TemporaryFile() { remove(); }

  const std::string& name() const { return name_; }
  bool exists() const { return !name_.empty(); }
  /// To write with; the lock stays here. Once.
  Descriptor take_descriptor() { return std::move(file_); }
  /// Takes those over that a library has made beside it, under its name with something behind:
  /// MPI-IO keeps the lock of a shared file pointer so, which nobody uses.
  void adopt_companions();
  /// Gives it the output's name, durably.
  void become(const std::string& path);
  void remove() noexcept;

 private:
  void swap(TemporaryFile& other) noexcept;

  Descriptor file_;
  Descriptor lock_;
  std::string name_;
  int slot_ = -1;  ///< among the unfinished files
  struct Companion {
    std::string name;
    int slot;
  };
  std::vector<Companion> companions_;
};

/// A file without a name in the folder of `path`: it goes with its last descriptor.
Descriptor nameless_beside(const std::string& path);

/// Removes what dead jobs have left of the output `path`, with a notice, and leaves a notice of
/// what may be another host's.
void sweep_beside(const std::string& path);

}  // namespace superstep::posix
