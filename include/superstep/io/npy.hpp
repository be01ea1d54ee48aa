// SPDX-License-Identifier: BSD-3-Clause
// NumPy's .npy files (numpy.lib.format, versions 1 to 3).
#pragma once

#include <string>

#include <superstep/io/dataset_layout.hpp>

namespace superstep {

struct NpyArray {
  /// To be read by a RowReader. For arrays in Fortran order with two dimensions: all elements in
  /// one dimension, column by column. For `U` texts: one more dimension, the code points of each.
  DatasetLayout layout;
  std::vector<Index> shape;       ///< as NumPy says it
  bool is_fortran_order = false;  ///< of two dimensions
  bool is_utf32 = false;
};

/// Reads the header. FileError when the file is damaged or shorter than its shape; DataError when
/// its elements are neither numbers nor text, or it has more than two dimensions.
NpyArray describe_npy(const std::string& path);

}  // namespace superstep
