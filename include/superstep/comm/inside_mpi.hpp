// SPDX-License-Identifier: BSD-3-Clause
// The watch over calls of MPI that cannot be left. Before an exchange ranks wait where they can ask
// each other for a sign of life (communicator.hpp); inside of MPI itself, while it starts,
// exchanges or makes shared memory, a rank that is stopped would hold the others for ever. A thread
// of each rank counts how long its call takes. The same thread sends and hears the signs of life
// of ranks that write files together.
#pragma once

namespace superstep {

/// Marks, for its life, that this rank is inside a call of MPI that all ranks go through together.
/// One at a time, from the thread that started MPI. A call that takes longer than `patience` times
/// (2 watch_limit_s() + 2 s) ends the job with ExitCode::rank_lost. Time in which this process was
/// itself suspended does not count.
class InsideMpi {
 public:
  explicit InsideMpi(const char* what, double patience = 1.0);
  ~InsideMpi();
  InsideMpi(const InsideMpi&) = delete;
  InsideMpi& operator=(const InsideMpi&) = delete;
};

/// The thread that watches; there is one in a process, from before MPI starts to after it ended.
void start_watching_mpi();
void stop_watching_mpi();

}  // namespace superstep
