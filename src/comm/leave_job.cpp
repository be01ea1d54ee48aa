// SPDX-License-Identifier: BSD-3-Clause
#include "comm/leave_job.hpp"

#include <mpi.h>

#include <cstdlib>

#include "core/unfinished_files.hpp"

namespace superstep {

// mpirun ends a job when one of its ranks leaves with an exit code. That is asked of it rather than
// MPI_Abort, in which Open MPI 4.1.4's mpirun was seen to hang or crash one time in five when
// another rank had already gone (tests/faults, a loaded machine). Other launchers need to be told.
void leave_job(int code) {
  unfinished_files::remove_all();
  const bool is_under_mpirun = std::getenv("OMPI_MCA_orte_hnp_uri") != nullptr;
  int has_started = 0;
  MPI_Initialized(&has_started);
  if (has_started && (!is_under_mpirun || code == 0)) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace superstep
