// SPDX-License-Identifier: BSD-3-Clause
// Which HDF5 library the process runs with.
#pragma once

#include <string>

namespace superstep {

/// "HDF5 1.10.8".
std::string hdf5_version();

}  // namespace superstep
