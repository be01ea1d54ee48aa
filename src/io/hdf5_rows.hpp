// SPDX-License-Identifier: BSD-3-Clause
// Rows through HDF5 itself, one thread at a time: for texts of any length, odd types and rare
// filters.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <superstep/io/dataset_layout.hpp>
#include <superstep/io/h5.hpp>

namespace superstep {

/// Opens the file when it is first asked for rows. Any number of threads. Numbers that HDF5 cannot
/// read are Undecodable; everything else is a FileError.
class Hdf5Rows {
 public:
  /// `layout` must outlive this.
  Hdf5Rows(const DatasetLayout& layout, std::size_t cache_bytes)
      : layout_(layout), cache_bytes_(cache_bytes) {}

  /// Elements as they are in the file; `count` > 0 rows.
  std::vector<std::byte> read_raw(Index first, Index count);
  void read_doubles(Index first, Index count, std::byte* out);
  /// In a guarded child, many rows at a time: what points from the elements into the file's heaps
  /// may be damaged in ways that HDF5 does not survive.
  std::vector<std::string> read_strings(Index first, Index count);

 private:
  /// Texts of rows that lie side by side.
  struct Batch {
    Index number = -1;
    std::vector<std::string> texts;
  };
  const Batch& batch(Index number);
  std::vector<std::string> read_strings_here(Index first, Index count);
  void open();
  /// H5Dread of these rows, as elements of `memory_type`.
  herr_t read(Index first, Index count, hid_t memory_type, void* out);
  std::size_t elements(Index count) const;

  const DatasetLayout& layout_;
  std::size_t cache_bytes_;
  h5::Handle file_;
  h5::Handle dataset_;
  h5::Handle type_;
  std::mutex batches_mutex_;
  std::array<Batch, 2> batches_;  // readers of neighbouring blocks may be on both sides of a border
};

}  // namespace superstep
