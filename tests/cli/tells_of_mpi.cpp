// SPDX-License-Identifier: BSD-3-Clause
// To be loaded before a program (LD_PRELOAD): says on standard error when it starts MPI.
#include <mpi.h>
#include <unistd.h>

#include <string_view>

namespace {

void tell() {
  constexpr std::string_view line = "MPI was started\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) { /* nobody to tell */
  }
}

}  // namespace

extern "C" int MPI_Init(int* argc, char*** argv) {
  tell();
  return PMPI_Init(argc, argv);
}

extern "C" int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  tell();
  return PMPI_Init_thread(argc, argv, required, provided);
}
