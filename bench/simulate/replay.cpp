// SPDX-License-Identifier: BSD-3-Clause
// The communication of a recorded run without its mathematics, for SimGrid's SMPI: computing is
// time that passes, collectives are those of the program, blocking (SMPI 3.32 takes for ever over
// nonblocking ones). Prints the simulated seconds.
//   smpirun ... replay PLAN     with lines "seconds scattering_seconds noise kind bytes", see
//   replay.py
#include <mpi.h>
#include <smpi/smpi.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct Step {
  double seconds = 0.0;
  double scattering = 0.0;
  double noise = 0.0;
  std::string kind;
  long bytes = 0;
};

constexpr double flops_per_s = 1e9;  // as the platform file says of a core

/// A normal deviate that only depends on rank and step.
double deviate(int rank, std::size_t step) {
  std::uint64_t state = (static_cast<std::uint64_t>(rank) << 32) + step + 1;
  const auto next = [&] {
    state += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
  };
  const double radius = std::sqrt(-2.0 * std::log(next()));
  return radius * std::cos(6.283185307179586 * next());
}

std::vector<Step> read_plan(const char* path) {
  std::ifstream file(path);
  std::vector<Step> steps;
  for (Step s; file >> s.seconds >> s.scattering >> s.noise >> s.kind >> s.bytes;) {
    steps.push_back(s);
  }
  return steps;
}

/// Recursive doubling. SMPI's choice for a few bytes is linear in the ranks, which no MPI in use
/// is.
void reduce_few(char* buffer, int bytes, int rank, int ranks) {
  for (int distance = 1; distance < ranks; distance *= 2) {
    const int other = rank ^ distance;
    if (other >= ranks) continue;
    MPI_Sendrecv(buffer, bytes, MPI_BYTE, other, 0, buffer + bytes, bytes, MPI_BYTE, other, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

void communicate(const Step& step, int rank, int ranks, char* buffer) {
  constexpr int few = 2048;
  const int bytes = static_cast<int>(step.bytes);
  MPI_Barrier(MPI_COMM_WORLD);
  if (step.kind == "allreduce" && bytes <= few) {
    reduce_few(buffer, bytes, rank, ranks);
  } else if (step.kind == "allreduce") {
    MPI_Allreduce(MPI_IN_PLACE, buffer, bytes / 8, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  } else if (step.kind == "broadcast") {
    MPI_Bcast(buffer, 8, MPI_BYTE, 0, MPI_COMM_WORLD);
    // SMPI divides by the length of a message.
    if (bytes > 0) MPI_Bcast(buffer, bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
  } else if (step.kind == "gather") {  // of `bytes` altogether
    MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, buffer, 4, MPI_BYTE, MPI_COMM_WORLD);
    const int each = (bytes + ranks - 1) / ranks;
    if (each > 0) {
      MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, buffer, each, MPI_BYTE, MPI_COMM_WORLD);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const std::vector<Step> steps = read_plan(argv[1]);
  long most = 0;
  for (const Step& s : steps) most = std::max(most, s.bytes);
  // All ranks share one buffer: nobody looks at the values.
  char* buffer =
      static_cast<char*>(SMPI_SHARED_MALLOC(static_cast<std::size_t>(2 * most + 16L * ranks)));
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& s = steps[i];
    const double factor = std::max(0.0, 1.0 + s.noise * deviate(rank, i));
    smpi_execute_flops((s.seconds + s.scattering * factor) * flops_per_s);
    communicate(s, rank, ranks, buffer);
  }
  const double seconds = MPI_Wtime() - start;
  if (rank == 0) std::printf("%.9f\n", seconds);
  SMPI_SHARED_FREE(buffer);
  MPI_Finalize();
  return 0;
}
