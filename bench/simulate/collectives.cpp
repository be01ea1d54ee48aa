// SPDX-License-Identifier: BSD-3-Clause
// What a collective of the program costs on this machine, by the size of the message: the
// latency and bandwidth of its description. Prints "bytes microseconds", medians, barrier included;
// then "late microseconds": what a rank that the others wait for pays for their waking up.
//   mpirun -n 2 build/release/bench/collectives
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include <superstep/comm/communicator.hpp>

namespace {

using Clock = std::chrono::steady_clock;

template <class F>
double seconds_of(F&& f) {
  const auto start = Clock::now();
  f();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  const superstep::Environment environment(argc, argv);
  const auto world = superstep::Communicator::world();
  for (const std::size_t words : {1, 8192, 131072}) {
    std::vector<std::int64_t> values(words, 1);
    std::vector<double> seconds;
    for (int turn = 0; turn < 200; ++turn) {
      seconds.push_back(seconds_of([&] { world.sum(values); }));
    }
    const double middle_s = median(seconds);
    if (world.is_root()) std::printf("%zu %.3f\n", words * sizeof(std::int64_t), middle_s * 1e6);
  }
  std::vector<double> late;
  for (int turn = 0; turn < 100; ++turn) {
    world.barrier();
    if (world.is_root()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    late.push_back(seconds_of([&] { world.sum(superstep::Index{1}); }));
  }
  if (world.is_root()) std::printf("late %.3f\n", median(late) * 1e6);
  return 0;
}
