// SPDX-License-Identifier: BSD-3-Clause
// One dataset of a ParallelFile: its shape in the file, and the selections that writes need.
// Nothing here communicates.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <superstep/io/h5.hpp>
#include <superstep/io/parallel_file.hpp>

namespace superstep {

/// What HDF5's index of chunks needs for one.
inline constexpr std::uint64_t metadata_per_chunk = 256;

struct PlannedDataset {
  std::string path;
  ElementType type;
  std::vector<Index> shape;
  Index columns = 1;
  Index chunk_rows = 0;
  bool is_collective = false;
  bool is_deflated = false;
  std::size_t row_bytes = 0;
  h5::Handle dataset;
  h5::Handle memory_type;
  Index next_row = 0;      // collective: where the next call continues
  Index rows_written = 0;  // by this rank

  Index rows() const { return shape[0]; }
  std::size_t chunk_bytes() const { return static_cast<std::size_t>(chunk_rows) * row_bytes; }
  /// What HDF5 needs when the dataset is created, at most: compressed chunks are of zeros then.
  std::uint64_t bytes_at_first() const;
  /// What its header, its name and the way to it take; names of an enumeration stand in the header.
  std::uint64_t header_bytes() const;
};

/// Decides chunks and the way of writing. UsageError for chunks HDF5 cannot have.
PlannedDataset plan(const std::string& path, const ElementType& type,
                    const std::vector<Index>& shape, const DatasetOptions& options);

h5::Handle hdf5_type(const ElementType& type);
h5::Handle creation_properties(const PlannedDataset& planned, const DatasetOptions& options);

/// The selection of rows [first, first + count) in the file, and its match in memory.
struct Selection {
  h5::Handle file;
  h5::Handle memory;
};

Selection select(const PlannedDataset& planned, Index first, Index count);

}  // namespace superstep
