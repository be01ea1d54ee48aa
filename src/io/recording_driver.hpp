// SPDX-License-Identifier: BSD-3-Clause
// HDF5's own file driver for one process, with an ear on it. While a RawRecorder listens, raw data
// is not moved: HDF5 only says where in the file it lies. That is how chunk addresses are found in
// one lookup each; H5Dget_chunk_info of HDF5 1.10 walks the whole index for every chunk.
#pragma once

#include <cstddef>
#include <cstdint>

#include <superstep/io/h5.hpp>

namespace superstep::h5 {

/// serial_access() through the listening driver.
Handle recording_access();

/// Listens from birth to death; the caller holds library_mutex().
class RawRecorder {
 public:
  RawRecorder();
  ~RawRecorder();
  RawRecorder(const RawRecorder&) = delete;
  RawRecorder& operator=(const RawRecorder&) = delete;

  /// Forgets what was heard.
  void clear();
  /// Whether HDF5 moved raw data exactly once since the last clear().
  bool heard_once() const;
  std::uint64_t address() const;  ///< from the first byte of the file
  std::size_t bytes() const;
};

/// While one lives, HDF5 is not told that a write has failed, and nothing more is written:
/// HDF5 1.10 frees a file it cannot flush and still closes it again when MPI ends, which crashes.
/// The caller holds library_mutex() and looks at failure() once the file is closed.
class WriteFailureCatcher {
 public:
  WriteFailureCatcher();
  ~WriteFailureCatcher();
  WriteFailureCatcher(const WriteFailureCatcher&) = delete;
  WriteFailureCatcher& operator=(const WriteFailureCatcher&) = delete;

  /// What the first failed write said; empty when all went well.
  const std::string& failure() const;
};

}  // namespace superstep::h5
