// SPDX-License-Identifier: BSD-3-Clause
// MPI's own handle of a communicator, for io/, which lends it to parallel HDF5. Nobody else
// includes this.
#pragma once

#include <mpi.h>

#include <superstep/comm/communicator.hpp>

namespace superstep {

/// Stays the communicator's own: not to be freed. Of a group of several ranks; one rank may have
/// none (MPI_COMM_NULL).
MPI_Comm native_handle(const Communicator& comm);

}  // namespace superstep
