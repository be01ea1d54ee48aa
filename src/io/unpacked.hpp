// SPDX-License-Identifier: BSD-3-Clause
// Files packed by gzip. They can be read from their beginning only, and ranks read anywhere: so
// they are unpacked first.
#pragma once

#include <string>

#include "io/temporary_file.hpp"

namespace superstep {

/// Whether the file begins like one that gzip has packed. FileError when it cannot be read.
bool is_gzip(const std::string& path);

/// What a packed file holds, as a temporary file for the life of this.
class Unpacked {
 public:
  /// Beside the output `beside`, which tells where there is room. DataError when the packed file
  /// is damaged or ends early; FileError when it changes meanwhile or the disk is full.
  Unpacked(const std::string& path, const std::string& beside);
  const std::string& name() const { return file_.name(); }

 private:
  posix::TemporaryFile file_;
};

}  // namespace superstep
