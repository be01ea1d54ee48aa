// SPDX-License-Identifier: BSD-3-Clause
// Which MPI library the process runs with. It need not be started for that.
#pragma once

#include <string>

namespace superstep {

/// "Open MPI v4.1.4".
std::string mpi_version();

}  // namespace superstep
