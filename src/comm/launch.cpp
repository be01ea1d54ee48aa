// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/comm/launch.hpp>

#include <array>
#include <cstdlib>
#include <string_view>

namespace superstep {

namespace {

/// The number that this process has among those started with it; null when nobody started it with
/// any. Launchers leave it for the MPI they serve: Open MPI's own, PMIx, PMI (MPICH, Intel MPI,
/// Cray), Slurm, MVAPICH, Flux, LSF's jsrun, Cray's two.
const char* rank_of_launcher() {
  constexpr std::array names = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",           "PMI_RANK",
                                "SLURM_PROCID",         "MV2_COMM_WORLD_RANK", "FLUX_TASK_RANK",
                                "JSM_NAMESPACE_RANK",   "PALS_RANKID",         "ALPS_APP_PE"};
  for (const char* name : names) {
    if (const char* rank = std::getenv(name)) return rank;
  }
  return nullptr;
}

}  // namespace

bool is_launched() { return rank_of_launcher() != nullptr; }

int launched_rank() {
  const char* rank = rank_of_launcher();
  return rank == nullptr ? 0 : std::atoi(rank);
}

bool is_first_process() {
  const char* rank = rank_of_launcher();
  return rank == nullptr || std::string_view(rank) == "0";
}

void choose_how_files_are_written() { ::setenv("OMPI_MCA_fcoll", "individual", 0); }

}  // namespace superstep
