// SPDX-License-Identifier: BSD-3-Clause
// What the benchmarks of the kernels share: the limits of this machine, measured in the same run,
// blocks to work on, and the counters that say what fraction of a limit was reached. Rates are
// those of the fastest iteration, on both sides.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <superstep/math/panel.hpp>

namespace superstep::bench {

using math::ConstPanel;
using math::Panel;

struct Limits {
  double gflops;    ///< multiply-adds in registers
  double gbs;       ///< reading memory
  double file_gbs;  ///< pread of what lies in the page cache into memory that lies in the cache
};
/// Of one core; measured when first asked for.
const Limits& limits();

double seconds_now();
std::vector<double> random_values(Index count);
const std::vector<double>& gigabyte();

// `cached` goes to and fro between two blocks, which stay in the last cache; `memory` walks through
// 1 GiB.
enum class Where { cached, memory };

// Hands out blocks of rows x columns, one after the other and round again.
class Blocks {
 public:
  Blocks(Where where, Index rows, Index columns) : rows_(rows), columns_(columns) {
    const Index size = rows * columns;
    if (where == Where::cached) {
      own_ = random_values(2 * size);
      count_ = 2;
      values_ = own_.data();
    } else {
      count_ = static_cast<Index>(gigabyte().size()) / size;
      values_ = gigabyte().data();
    }
  }
  ConstPanel next() {
    at_ = (at_ + 1) % count_;
    return {values_ + at_ * rows_ * columns_, rows_, columns_};
  }

 private:
  Index rows_, columns_, count_, at_ = 0;
  std::vector<double> own_;
  const double* values_;
};

// Runs one iteration after the other and keeps the fastest: other programs on the machine only slow
// it down.
template <class F>
double fastest(benchmark::State& state, F f) {
  double best = 1e300;
  for (auto _ : state) {
    const double start = seconds_now();
    f();
    best = std::min(best, seconds_now() - start);
  }
  return best;
}

inline void report_flops(benchmark::State& state, double flops, double seconds) {
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
  state.counters["of_fma"] = flops / seconds * 1e-9 / limits().gflops;
}

inline void report_bytes(benchmark::State& state, double bytes, double seconds) {
  state.counters["GB/s"] = bytes / seconds * 1e-9;
  state.counters["of_memory"] = bytes / seconds * 1e-9 / limits().gbs;
}

inline double size_of(Index rows, Index columns) { return static_cast<double>(rows * columns); }

struct Shape {
  Where where;
  Index rows, columns;
  std::string name() const {
    return fmt::format("{}x{}/{}", rows, columns, where == Where::cached ? "cached" : "memory");
  }
};

template <class F>
void add(const std::string& name, F f) {
  benchmark::RegisterBenchmark(name.c_str(), f);
}

void register_products(const Shape& shape);
void register_rows(const Shape& shape);
void register_functions();
void register_sums_and_files();

}  // namespace superstep::bench
