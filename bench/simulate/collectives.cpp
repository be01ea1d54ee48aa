// SPDX-License-Identifier: BSD-3-Clause
// What a collective of the program costs on this machine, by the size of the message: the
// latency and bandwidth of its description. Prints "bytes microseconds", barrier included;
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

/// The least of a few medians: what else the machine does only makes them larger.
template <class F>
double typical_s(int turns, F&& seconds_of_a_turn) {
  double least = 1e300;
  for (int round = 0; round < 5; ++round) {
    std::vector<double> seconds;
    for (int turn = 0; turn < turns; ++turn) seconds.push_back(seconds_of_a_turn());
    const auto middle = seconds.begin() + turns / 2;
    std::nth_element(seconds.begin(), middle, seconds.end());
    least = std::min(least, *middle);
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  const superstep::Environment environment(argc, argv);
  const auto world = superstep::Communicator::world();
  for (const std::size_t words : {1, 8192, 131072}) {
    std::vector<std::int64_t> values(words, 1);
    const double seconds = typical_s(200, [&] { return seconds_of([&] { world.sum(values); }); });
    if (world.is_root()) std::printf("%zu %.3f\n", words * sizeof(std::int64_t), seconds * 1e6);
  }
  const double late = typical_s(40, [&] {
    world.barrier();
    if (world.is_root()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return seconds_of([&] { world.sum(superstep::Index{1}); });
  });
  if (world.is_root()) std::printf("late %.3f\n", late * 1e6);
  return 0;
}
