// SPDX-License-Identifier: BSD-3-Clause
// Reads rows of one dataset from any number of threads at once.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <superstep/core/types.hpp>
#include <superstep/io/dataset_layout.hpp>

namespace superstep {

/// An open dataset. All const members may be called by several threads at once; none communicates.
/// What fails is a FileError (or DataError) on this rank alone, naming the file, the dataset and
/// the rows.
class RowReader {
 public:
  /// Opens layout.file and checks that it has the size and the time the layout speaks of. Datasets
  /// have one dimension (one column) or two. `cache_bytes` bounds the cache of decoded chunks.
  RowReader(DatasetLayout layout, std::size_t cache_bytes);
  /// With the cache that one thread reading consecutive rows in any portions needs.
  explicit RowReader(DatasetLayout layout);
  RowReader(RowReader&&) noexcept;
  RowReader& operator=(RowReader&&) noexcept;
  ~RowReader();

  /// FileError when the file was written to since it was opened. To be asked behind the last read
  /// of a pass.
  void require_unchanged() const;

  const DatasetLayout& layout() const;
  Index rows() const;
  Index columns() const;

  /// Fills out[count * columns()], row-major. DataError when an element is text or is an integer
  /// that no double equals.
  void read_rows(Index first, Index count, double* out) const;
  /// The same in single precision; only for types with is_exact_in_float().
  void read_rows(Index first, Index count, float* out) const;
  /// Numbers of one byte each, as they are.
  void read_bytes(Index first, Index count, char* out) const;
  /// count * columns() texts, without their padding. Numbers are no texts: DataError.
  std::vector<std::string> read_strings(Index first, Index count) const;

  /// The cache with which a pass decodes each chunk once, when `threads` threads take consecutive
  /// blocks of `block_rows` rows in order: 0 where nothing is decoded or no chunk spans two blocks.
  static std::size_t pass_cache_bytes(const DatasetLayout& layout, int threads, Index block_rows);
  /// Memory for the memory budget: the most that the cache of decoded chunks will hold, and what
  /// each thread inside a read needs besides.
  std::size_t cache_bytes() const;
  std::size_t scratch_bytes_per_thread() const;
  /// Bytes taken from the file so far, by all threads.
  std::size_t bytes_read() const;
  /// Chunks decoded so far; a pass over consecutive rows decodes each once.
  std::size_t chunks_decoded() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace superstep
