// SPDX-License-Identifier: BSD-3-Clause
// The names of files that this process has begun and not finished, so that it takes them along
// however it ends: by a signal, or without unwinding.
#pragma once

#include <string>

namespace superstep::unfinished_files {

/// Remembers a name, best before the file is made; from now on signals that end the process remove
/// it first. Returns what forget() wants.
int remember(const std::string& path);
void forget(int slot) noexcept;

/// For a name that is of use for a while only.
class Remembered {
 public:
  explicit Remembered(const std::string& path) : slot_(remember(path)) {}
  Remembered(const Remembered&) = delete;
  Remembered& operator=(const Remembered&) = delete;
  ~Remembered() { forget(slot_); }

 private:
  int slot_;
};

/// For those who leave without unwinding. Safe in a handler of signals.
void remove_all() noexcept;

}  // namespace superstep::unfinished_files
