// SPDX-License-Identifier: BSD-3-Clause
// Exponentials and logarithms, and the link functions made of them.
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <superstep/math/functions.hpp>
#include <superstep/math/links.hpp>

#include "kernels/kernels.hpp"

namespace superstep::bench {

namespace {

constexpr int exp_operations = 19, log_operations = 25, log1p_operations = 31;
constexpr int logistic_operations = 48, poisson_operations = 24;
constexpr int softmax_operations = 25;  // a class; the logarithm of each row comes on top
// `operations` are additions, products, divisions, multiply-adds and the like for each element, as
// counted in the source: so many slots of the units that the limit fills with multiply-adds.
void report_elements(benchmark::State& state, double elements, int operations, double seconds) {
  state.counters["ns/element"] = seconds / elements * 1e9;
  state.counters["of_fma"] = 2 * operations * elements / seconds * 1e-9 / limits().gflops;
}

template <class F>
void function(benchmark::State& state, double low, double high, int operations, F f) {
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
  report_elements(state, rounds * 1024, operations, best);
}

template <class F>
void link(benchmark::State& state, Index models, Index classes, int operations, F f) {
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
  report_elements(state, static_cast<double>(rows * columns), operations, best);
}

}  // namespace

void register_functions() {
  using In = std::span<const double>;
  using Out = std::span<double>;
  add("exp", [](auto& st) {
    function(st, -20, 20, exp_operations, [](In x, Out y) { math::exp(x, y); });
  });
  add("log", [](auto& st) {
    function(st, 0.1, 20, log_operations, [](In x, Out y) { math::log(x, y); });
  });
  add("log1p", [](auto& st) {
    function(st, -0.9, 20, log1p_operations, [](In x, Out y) { math::log1p(x, y); });
  });
  for (const Index models : {1, 2, 5, 50}) {
    const std::string end = fmt::format("/{}", models);
    add("logistic" + end,
        [=](auto& st) { link(st, models, 1, logistic_operations, math::logistic); });
    add("poisson" + end, [=](auto& st) { link(st, models, 1, poisson_operations, math::poisson); });
    for (const Index classes : {3, 10}) {
      add(fmt::format("multinomial{}x{}", end, classes), [=](auto& st) {
        link(st, models, classes, softmax_operations,
             [=](ConstPanel z, const double* y, const auto& w, Panel r, const auto& l) {
               math::multinomial(z, classes, y, w, r, l);
             });
      });
    }
  }
}

}  // namespace superstep::bench
