// SPDX-License-Identifier: BSD-3-Clause
// Writes the standard layout (/X, /y, /weight, /feature_names, and what else the rows have) from a
// source of rows, all ranks together. The file's bytes depend on the rows and the storage alone,
// never on ranks, threads or memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <superstep/comm/communicator.hpp>
#include <superstep/data/row_source.hpp>
#include <superstep/io/tree_file.hpp>

namespace superstep {

/// How /X, /y and /weight are stored: contiguous unless one of these is set, else in chunks with a
/// checksum each.
struct StorageChoice {
  Index chunk_rows = 0;  ///< 0: as many as a canonical block, if there are chunks at all
  int deflate = 0;       ///< 0 to 9
  bool is_chunked() const { return chunk_rows > 0 || deflate > 0; }
};

/// What a file holds besides the rows; the same on every rank.
struct FileExtras {
  std::vector<std::pair<std::string, TreeArray<double>>>
      datasets;  ///< "/true_coef"; one or two dimensions
  std::vector<std::pair<std::string, std::string>> attributes;  ///< of the root
};

/// What the writing may use.
struct WriteMeans {
  std::size_t memory = 0;  ///< bytes of this rank
  int threads = 1;         ///< of `parallel_for`
  ParallelFor parallel_for;
  std::function<void(double)>
      progress;           ///< told the fraction done of this rank's rows, from the calling thread
  std::size_t taken = 0;  ///< bytes of the process beside `memory`, the same on every rank
};

/// Writes `path` whole or not at all. MemoryError when compressed rows that are written at a time
/// do not fit; DataError when a value is too large for float32. **Collective.**
void write_dataset(const Communicator& comm, const std::string& path, const RowSource& source,
                   const StorageChoice& storage, const FileExtras& extras, const WriteMeans& means);

}  // namespace superstep
