// SPDX-License-Identifier: BSD-3-Clause
// To be loaded before a program (LD_PRELOAD): says on standard error when it starts MPI or a child
// process.
#include <dlfcn.h>
#include <mpi.h>
#include <unistd.h>

#include <string_view>

namespace {

void tell(std::string_view line) {
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) { /* nobody to tell */
  }
}

}  // namespace

extern "C" int MPI_Init(int* argc, char*** argv) {
  tell("MPI was started\n");
  return PMPI_Init(argc, argv);
}

extern "C" int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  tell("MPI was started\n");
  return PMPI_Init_thread(argc, argv, required, provided);
}

extern "C" pid_t fork() noexcept {
  tell("a child was started\n");
  return reinterpret_cast<pid_t (*)()>(::dlsym(RTLD_NEXT, "fork"))();
}
