// SPDX-License-Identifier: BSD-3-Clause
// The least an MPI program does: what startup.py compares with.
#include <mpi.h>

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Finalize();
}
