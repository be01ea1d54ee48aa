// SPDX-License-Identifier: BSD-3-Clause
// Where sparse rows lie: a group with the values of all rows one behind the other, the columns they
// stand in, and where each row begins, as anndata and SciPy write a csr_matrix, or as 10x Genomics'
// Cell Ranger keeps cells. Found by one rank and sent to all, as a DatasetLayout is.
#pragma once

#include <optional>
#include <string>

#include <superstep/io/dataset_layout.hpp>

namespace superstep {

struct SparseLayout {
  std::string file;
  std::string group;  ///< "/X"
  Index rows = 0;
  Index columns = 0;
  DatasetLayout values{};
  DatasetLayout indices{};  ///< the column of each value
  DatasetLayout begins{};   ///< of each row, and where the last one ends: rows + 1 numbers
  std::optional<DatasetLayout> names{};  ///< of the columns, where the format has a place for them

  /// "cells.h5ad:/X".
  std::string where() const { return file + ":" + group; }
  /// "11,314 x 130,107 sparse float32, 1,787,565 values".
  std::string summary() const;
  friend bool operator==(const SparseLayout&, const SparseLayout&) = default;
};

std::vector<std::byte> serialize(const SparseLayout& layout);
SparseLayout deserialize_sparse(std::span<const std::byte> bytes);

}  // namespace superstep
