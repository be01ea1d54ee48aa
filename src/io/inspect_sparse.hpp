// SPDX-License-Identifier: BSD-3-Clause
// Looks at sparse matrices with HDF5. To be called inside in_guarded_child() only.
#pragma once

#include <string>

#include <superstep/io/sparse_layout.hpp>
#include "io/inspect.hpp"

namespace superstep::h5 {

/// Whether the group says that it is a sparse matrix, readable or not.
bool is_sparse_matrix(const InspectedFile& file, const std::string& group);

/// The rows of one. DataError where it is kept otherwise than by rows, with what to do.
SparseLayout describe_sparse(const InspectedFile& file, const std::string& group);

}  // namespace superstep::h5
