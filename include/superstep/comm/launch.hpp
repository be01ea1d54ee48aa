// SPDX-License-Identifier: BSD-3-Clause
// What the environment tells of a launcher, before MPI starts and where it never does.
#pragma once

namespace superstep {

/// Whether mpirun, srun or their like have started this process, alone or with others.
bool is_launched();

/// The number of this process among those that were started together, as the launcher says; 0 when
/// nobody does.
int launched_rank();

/// Whether this process is the one that speaks: the first of those launched, or one that nobody
/// launched.
bool is_first_process();

}  // namespace superstep
