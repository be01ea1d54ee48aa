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

/// Before MPI starts: how ranks write one file together, where nobody else says; each its own
/// bytes. Open MPI 4.1's usual way (vulcan) gathers them on a few ranks first and writes what it
/// finds in its buffers where nobody has anything to write: into gaps between chunks, so that files
/// were not always the same.
void choose_how_files_are_written();

}  // namespace superstep
