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
const char* launched_rank() {
  constexpr std::array names = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",           "PMI_RANK",
                                "SLURM_PROCID",         "MV2_COMM_WORLD_RANK", "FLUX_TASK_RANK",
                                "JSM_NAMESPACE_RANK",   "PALS_RANKID",         "ALPS_APP_PE"};
  for (const char* name : names) {
    if (const char* rank = std::getenv(name)) return rank;
  }
  return nullptr;
}

}  // namespace

bool is_launched() { return launched_rank() != nullptr; }

bool is_first_process() {
  const char* rank = launched_rank();
  return rank == nullptr || std::string_view(rank) == "0";
}

}  // namespace superstep
