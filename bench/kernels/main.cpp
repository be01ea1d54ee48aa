// SPDX-License-Identifier: BSD-3-Clause
// How fast the kernels are, beside what the machine can do in the same run: the limits are measured
// before anything else, and each kernel says what fraction of its limit it reaches.
//
//   build/release/bench/kernels --benchmark_filter=gram
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>

#include <superstep/math/simd.hpp>

#include "kernels/kernels.hpp"

namespace superstep::bench {

using Pack = math::simd::NativePack;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace {

// Best of several runs of f, in seconds.
double best_of(int runs, const std::function<void()>& f) {
  double best = 1e300;
  for (int i = 0; i < runs; ++i) {
    const double start = seconds_now();
    f();
    best = std::min(best, seconds_now() - start);
  }
  return best;
}

// Twelve independent chains: more than any processor needs to hide the latency.
double measured_fma_gflops() {
  constexpr int chains = 12, steps = 20'000;
  const double seconds = best_of(5000, [] {
    Pack sum[chains];
    for (Pack& s : sum) s = Pack::broadcast(1);
    const Pack a = Pack::broadcast(0.999999), b = Pack::broadcast(1e-9);
    for (int i = 0; i < steps; ++i) {
#pragma GCC unroll 12
      for (int c = 0; c < chains; ++c) sum[c] = fma(sum[c], a, b);
    }
    for (Pack& s : sum) benchmark::DoNotOptimize(s);
  });
  return 2.0 * Pack::width * chains * steps / seconds * 1e-9;
}

}  // namespace

std::vector<double> random_values(Index count) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  // A stretch of random numbers repeated: drawing a gigabyte would take longer than the benchmark.
  std::vector<double> values(static_cast<std::size_t>(count));
  const std::size_t fresh = std::min<std::size_t>(values.size(), 1 << 20);
  for (std::size_t i = 0; i < fresh; ++i) values[i] = normal(engine);
  for (std::size_t i = fresh; i < values.size(); ++i) values[i] = values[i - fresh];
  return values;
}

const std::vector<double>& gigabyte() {
  static const std::vector<double> values = random_values(Index{1} << 27);
  return values;
}

namespace {

// The fastest 16 MiB of a walk through the whole gigabyte, none of which is left in a cache when it
// comes again.
double measured_memory_gbs() {
  const std::vector<double>& values = gigabyte();
  constexpr std::size_t piece = std::size_t{1} << 21, step = 4 * Pack::width;
  double best = 1e300;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t begin = 0; begin + piece <= values.size(); begin += piece) {
      best = std::min(best, best_of(1, [&] {
                        Pack sum[4];
                        for (Pack& s : sum) s = Pack::broadcast(0);
                        for (std::size_t i = begin; i < begin + piece; i += step) {
#pragma GCC unroll 4
                          for (int k = 0; k < 4; ++k)
                            sum[k] = sum[k] + Pack::load(&values[i + k * Pack::width]);
                        }
                        for (Pack& s : sum) benchmark::DoNotOptimize(s);
                      }));
    }
  }
  return static_cast<double>(piece) * sizeof(double) / best * 1e-9;
}

// A scratch file of 64 MiB, in pieces that stay in the second cache.
double measured_file_gbs() {
  constexpr std::size_t piece = std::size_t{1} << 18, pieces = 256;
  char name[] = "kernels-XXXXXX";
  const int file = ::mkstemp(name);
  if (file < 0) return 0;
  ::unlink(name);
  std::vector<char> buffer(piece, 'x');
  for (std::size_t i = 0; i < pieces; ++i) {
    if (::pwrite(file, buffer.data(), piece, static_cast<off_t>(i * piece)) < 0) return 0;
  }
  const double best = best_of(20, [&] {
    for (std::size_t i = 0; i < pieces; ++i) {
      benchmark::DoNotOptimize(::pread(file, buffer.data(), piece, static_cast<off_t>(i * piece)));
    }
  });
  ::close(file);
  return static_cast<double>(piece * pieces) / best * 1e-9;
}

}  // namespace

const Limits& limits() {
  static const Limits measured{measured_fma_gflops(), measured_memory_gbs(), measured_file_gbs()};
  return measured;
}

namespace {

const Shape shapes[] = {{Where::cached, 8192, 100}, {Where::cached, 4096, 100},
                        {Where::cached, 4096, 50},  {Where::cached, 4096, 20},
                        {Where::memory, 4096, 100}, {Where::memory, 4096, 20}};

}  // namespace

}  // namespace superstep::bench

int main(int argc, char** argv) {
  using namespace superstep::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  fmt::print(
      "limits of this run, one core: fma {:.1f} GFLOP/s, memory {:.1f} GB/s, file {:.1f} GB/s\n",
      limits().gflops, limits().gbs, limits().file_gbs);
  for (const Shape& s : shapes) {
    register_products(s);
    register_rows(s);
  }
  register_functions();
  register_sums_and_files();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
