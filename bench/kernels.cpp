// SPDX-License-Identifier: BSD-3-Clause
// How fast the kernels are, beside what the machine can do in the same run: `fma` and `memory`
// below are measured before anything else, and each kernel says what fraction of its limit it
// reaches. Rates are those of the fastest iteration, on both sides.
//
//   build/release/bench/kernels --benchmark_filter=gram
//
// `cached` goes to and fro between two blocks, which stay in the last cache; `memory` walks through
// 1 GiB.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <superstep/math/column_stats.hpp>
#include <superstep/math/distances.hpp>
#include <superstep/math/functions.hpp>
#include <superstep/math/links.hpp>
#include <superstep/math/products.hpp>
#include <superstep/math/simd.hpp>

namespace {

using superstep::Index;
using superstep::math::ConstPanel;
using superstep::math::Panel;
namespace math = superstep::math;
using Pack = math::simd::NativePack;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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

struct Limits {
  double gflops;
  double gbs;
};
const Limits& limits() {
  static const Limits measured{measured_fma_gflops(), measured_memory_gbs()};
  return measured;
}

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

void report_flops(benchmark::State& state, double flops, double seconds) {
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
  state.counters["of_fma"] = flops / seconds * 1e-9 / limits().gflops;
}

void report_bytes(benchmark::State& state, double bytes, double seconds) {
  state.counters["GB/s"] = bytes / seconds * 1e-9;
  state.counters["of_memory"] = bytes / seconds * 1e-9 / limits().gbs;
}

double size_of(Index rows, Index columns) { return static_cast<double>(rows * columns); }

void multiply(benchmark::State& state, Where where, Index rows, Index columns, Index models) {
  Blocks blocks(where, rows, columns);
  const std::vector<double> w = random_values(columns * models);
  std::vector<double> z(static_cast<std::size_t>(rows * models));
  const double best = fastest(state, [&] {
    math::multiply(blocks.next(), ConstPanel(w.data(), columns, models),
                   Panel(z.data(), rows, models));
    benchmark::DoNotOptimize(z.data());
  });
  report_flops(state, 2 * size_of(rows, columns) * static_cast<double>(models), best);
  report_bytes(state, 8 * size_of(rows, columns), best);
}

void multiply_transposed(benchmark::State& state, Where where, Index rows, Index columns,
                         Index models) {
  Blocks blocks(where, rows, columns);
  const std::vector<double> r = random_values(rows * models);
  std::vector<double> g(static_cast<std::size_t>(columns * models));
  const double best = fastest(state, [&] {
    math::multiply_transposed_add(blocks.next(), ConstPanel(r.data(), rows, models),
                                  Panel(g.data(), columns, models));
    benchmark::DoNotOptimize(g.data());
  });
  report_flops(state, 2 * size_of(rows, columns) * static_cast<double>(models), best);
  report_bytes(state, 8 * size_of(rows, columns), best);
}

// The forward and the backward product of one block, as a pass of a linear model does them.
void both_products(benchmark::State& state, Where where, Index rows, Index columns, Index models) {
  Blocks blocks(where, rows, columns);
  const std::vector<double> w = random_values(columns * models);
  std::vector<double> z(static_cast<std::size_t>(rows * models));
  std::vector<double> g(static_cast<std::size_t>(columns * models));
  const double best = fastest(state, [&] {
    const ConstPanel x = blocks.next();
    const Panel margins(z.data(), rows, models);
    math::multiply(x, ConstPanel(w.data(), columns, models), margins);
    math::multiply_transposed_add(x, margins, Panel(g.data(), columns, models));
    benchmark::DoNotOptimize(g.data());
  });
  report_flops(state, 4 * size_of(rows, columns) * static_cast<double>(models), best);
  report_bytes(state, 8 * size_of(rows, columns), best);
}

void gram(benchmark::State& state, Where where, Index rows, Index columns, bool weighted) {
  Blocks blocks(where, rows, columns);
  const std::vector<double> y = random_values(rows), weights(y.size(), 1.5),
                            shift = random_values(columns);
  const math::ExtraColumn extra[] = {{y.data(), 1, 0.5}, {}};
  math::GramInput input;
  input.weights = weighted ? weights.data() : nullptr;
  input.shift = shift.data();
  input.extra = extra;
  const Index width = columns + 2;
  std::vector<double> g(static_cast<std::size_t>(width * width));
  const double best = fastest(state, [&] {
    input.x = blocks.next();
    math::gram_add(input, g.data());
    benchmark::DoNotOptimize(g.data());
  });
  report_flops(state, size_of(rows, width) * static_cast<double>(width + 1), best);
}

// A block as k-means takes it: panel by panel, laid out once for as many `sets` of k centres.
void nearest(benchmark::State& state, Where where, Index rows, Index columns, Index k, Index sets) {
  constexpr Index tall = 192;
  Blocks blocks(where, rows, columns);
  std::vector<math::PackedCenters> centers;
  for (Index i = 0; i < sets; ++i) {
    const std::vector<double> values = random_values(k * columns);
    centers.emplace_back(ConstPanel(values.data(), k, columns));
  }
  std::vector<double> lanes(static_cast<std::size_t>(math::packed_rows_size(tall, columns)));
  std::vector<std::int32_t> index(static_cast<std::size_t>(tall));
  const double best = fastest(state, [&] {
    const ConstPanel x = blocks.next();
    for (Index row = 0; row < rows; row += tall) {
      const auto packed =
          math::pack_rows(x.middle_rows(row, std::min(tall, rows - row)), lanes.data());
      for (const auto& c : centers) math::nearest(packed, c, index.data(), nullptr);
      benchmark::DoNotOptimize(index.data());
    }
  });
  report_flops(state, 2 * size_of(rows, columns) * static_cast<double>(k * sets), best);
}

void scatter(benchmark::State& state, Where where, Index rows, Index columns, Index k) {
  Blocks blocks(where, rows, columns);
  std::vector<double> sums(static_cast<std::size_t>(k * columns)),
      counts(static_cast<std::size_t>(k));
  std::vector<std::int32_t> index;
  for (Index i = 0; i < rows; ++i) index.push_back(static_cast<std::int32_t>(i * 7919 % k));
  const double best = fastest(state, [&] {
    math::scatter_add(blocks.next(), index.data(), nullptr, Panel(sums.data(), k, columns),
                      counts.data());
    benchmark::DoNotOptimize(sums.data());
  });
  report_bytes(state, 8 * size_of(rows, columns), best);
}

template <class F>
void reader(benchmark::State& state, Where where, Index rows, Index columns, F f) {
  Blocks blocks(where, rows, columns);
  const double best = fastest(state, [&] { f(blocks.next()); });
  report_bytes(state, 8 * size_of(rows, columns), best);
}

void report_elements(benchmark::State& state, double elements, double seconds) {
  state.counters["ns/element"] = seconds / elements * 1e9;
}

template <class F>
void function(benchmark::State& state, double low, double high, F f) {
  std::mt19937_64 engine(2);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> x(1024), out(1024);
  for (double& value : x) value = uniform(engine);
  constexpr int rounds = 16;  // long enough for the clock
  const double best = fastest(state, [&] {
    for (int i = 0; i < rounds; ++i) {
      f(std::span<const double>(x), std::span<double>(out));
      benchmark::DoNotOptimize(out.data());
    }
  });
  report_elements(state, rounds * 1024, best);
}

template <class F>
void link(benchmark::State& state, Index models, Index classes, F f) {
  constexpr Index rows = 4096;
  const std::vector<double> z = random_values(rows * models * classes);
  std::vector<double> r(z.size()), y, loss(static_cast<std::size_t>(models)), folds;
  std::vector<std::int32_t> column;
  constexpr Index splits = 5;
  for (Index i = 0; i < rows; ++i) {
    y.push_back(static_cast<double>(i % std::max<Index>(2, classes)));
    for (Index s = 0; s < splits; ++s) folds.push_back(i % splits == s ? 0.0 : 1.0);
  }
  for (Index j = 0; j < models; ++j) {
    column.push_back(static_cast<std::int32_t>(j * splits / models));
  }
  math::RowWeights weights;
  if (models > 1) weights = {folds.data(), splits, column.data()};
  const Index columns = models * classes;
  const double best = fastest(state, [&] {
    f(ConstPanel(z.data(), rows, columns), y.data(), weights, Panel(r.data(), rows, columns),
      loss.data());
    benchmark::DoNotOptimize(r.data());
  });
  report_elements(state, static_cast<double>(rows * columns), best);
}

struct Shape {
  Where where;
  Index rows, columns;
  std::string name() const {
    return fmt::format("{}x{}/{}", rows, columns, where == Where::cached ? "cached" : "memory");
  }
};

const Shape shapes[] = {{Where::cached, 8192, 100}, {Where::cached, 4096, 100},
                        {Where::cached, 4096, 50},  {Where::cached, 4096, 20},
                        {Where::memory, 4096, 100}, {Where::memory, 4096, 20}};

template <class F>
void add(const std::string& name, F f) {
  benchmark::RegisterBenchmark(name.c_str(), f);
}

void register_products(const Shape& s) {
  for (const Index models : {1, 2, 5, 8, 10, 16, 50, 100, 500}) {
    const auto with = [&](const char* kernel) {
      return fmt::format("{}/{}/{}", kernel, s.name(), models);
    };
    add(with("multiply"), [=](auto& st) { multiply(st, s.where, s.rows, s.columns, models); });
    add(with("transposed"),
        [=](auto& st) { multiply_transposed(st, s.where, s.rows, s.columns, models); });
    add(with("both"), [=](auto& st) { both_products(st, s.where, s.rows, s.columns, models); });
  }
  add("gram/" + s.name(), [=](auto& st) { gram(st, s.where, s.rows, s.columns, false); });
  add("gram_weighted/" + s.name(), [=](auto& st) { gram(st, s.where, s.rows, s.columns, true); });
}

void register_readers(const Shape& s) {
  for (const Index k : {8, 50, 200}) {
    const std::string name = fmt::format("{}/{}", s.name(), k);
    add("nearest/" + name, [=](auto& st) { nearest(st, s.where, s.rows, s.columns, k, 1); });
    add("nearest10/" + name, [=](auto& st) { nearest(st, s.where, s.rows, s.columns, k, 10); });
    add("scatter/" + name, [=](auto& st) { scatter(st, s.where, s.rows, s.columns, k); });
  }
  add("all_finite/" + s.name(), [=](auto& st) {
    reader(st, s.where, s.rows, s.columns, [](ConstPanel x) {
      benchmark::DoNotOptimize(
          math::all_finite(x.data, static_cast<std::size_t>(x.rows * x.columns)));
    });
  });
  add("max_abs/" + s.name(), [=](auto& st) {
    std::vector<double> most(static_cast<std::size_t>(s.columns));
    reader(st, s.where, s.rows, s.columns, [&](ConstPanel x) {
      math::column_max_abs_add(x, most.data());
      benchmark::DoNotOptimize(most.data());
    });
  });
  add("class_moments/" + s.name(), [=](auto& st) {
    const Index classes = 5;
    std::vector<double> sums(static_cast<std::size_t>(classes * s.columns)), squares = sums, codes;
    std::vector<double> total(classes), shift(static_cast<std::size_t>(s.columns), 0.5);
    for (Index i = 0; i < s.rows; ++i) codes.push_back(static_cast<double>(i * 7919 % classes));
    reader(st, s.where, s.rows, s.columns, [&](ConstPanel x) {
      math::class_moments_add(x, codes.data(), nullptr, shift.data(),
                              {Panel(sums.data(), classes, s.columns),
                               Panel(squares.data(), classes, s.columns), total.data()});
      benchmark::DoNotOptimize(sums.data());
    });
  });
}

void register_functions() {
  using In = std::span<const double>;
  using Out = std::span<double>;
  add("exp", [](auto& st) { function(st, -20, 20, [](In x, Out y) { math::exp(x, y); }); });
  add("log", [](auto& st) { function(st, 0.1, 20, [](In x, Out y) { math::log(x, y); }); });
  add("log1p", [](auto& st) { function(st, -0.9, 20, [](In x, Out y) { math::log1p(x, y); }); });
  for (const Index models : {1, 2, 5, 50}) {
    const std::string end = fmt::format("/{}", models);
    add("logistic" + end, [=](auto& st) { link(st, models, 1, math::logistic); });
    add("poisson" + end, [=](auto& st) { link(st, models, 1, math::poisson); });
    for (const Index classes : {3, 10}) {
      add(fmt::format("multinomial{}x{}", end, classes), [=](auto& st) {
        link(st, models, classes,
             [=](ConstPanel z, const double* y, const auto& w, Panel r, const auto& l) {
               math::multinomial(z, classes, y, w, r, l);
             });
      });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  fmt::print("limits of this run, one core: fma {:.1f} GFLOP/s, memory {:.1f} GB/s\n",
             limits().gflops, limits().gbs);
  for (const Shape& s : shapes) {
    register_products(s);
    register_readers(s);
  }
  register_functions();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
