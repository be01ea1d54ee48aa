// SPDX-License-Identifier: BSD-3-Clause
// What exact sums cost: passes over blocks in memory, their partial results added up exactly and,
// in turn, as plain doubles by otherwise the same code. One core; the ratio of the medians is the
// answer. usage: exactness [--rows N] [--columns N] [--runs N] [--check]
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/philox.hpp>
#include <superstep/data/dataset.hpp>
#include <superstep/engine/exact_sum.hpp>
#include <superstep/math/products.hpp>

namespace {

using namespace superstep;
using Clock = std::chrono::steady_clock;

struct Options {
  Index rows = 200'000;
  Index columns = 100;
  Index runs = 9;
  bool check = false;
};

struct Work {
  std::string name;
  Index size;  ///< doubles of a block's partial
  SumShape shape;
  std::function<void(const double* x, Index rows, double* partial)> map;
};

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

/// Seconds of one pass; `finish` takes each block's partial.
template <class Finish>
double pass(const Work& work, const Buffer<double>& x, const BlockPlan& plan, Index columns,
            Buffer<double>& partial, Finish&& finish) {
  const auto start = Clock::now();
  for (Index b = 0; b < plan.size(); ++b) {
    std::fill_n(partial.data(), work.size, 0.0);
    work.map(x.data() + plan.first_row(b) * columns, plan.rows_of(b), partial.data());
    finish(partial.data());
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// True when both ways of adding agree to rounding.
bool measure(const Work& work, const Buffer<double>& x, const BlockPlan& plan, const Options& o) {
  const int window = ExactSum::window(plan.size());
  const std::vector<double> scales = ExactSum::scales(work.shape, window);
  Buffer<double> partial(work.size);
  std::vector<double> exact_s, plain_s;
  std::vector<double> exact_values, plain_values;
  for (Index run = -1; run < o.runs; ++run) {  // run -1 warms up
    ExactSum sum(work.shape, window, 0);
    const double e = pass(work, x, plan, o.columns, partial, [&](const double* values) {
      sum.deposit(work.shape, values, scales.data());
    });
    std::vector<double> plain(static_cast<std::size_t>(work.size));
    const double p = pass(work, x, plan, o.columns, partial, [&](const double* values) {
      for (Index i = 0; i < work.size; ++i) plain[static_cast<std::size_t>(i)] += values[i];
    });
    const Totals totals(work.shape, std::move(sum));
    const std::span<const double> values = totals[0];  // those of the other runs lie behind them
    exact_values.assign(values.data(), values.data() + work.size);
    plain_values = std::move(plain);
    if (run < 0) continue;
    exact_s.push_back(e);
    plain_s.push_back(p);
  }
  double worst = 0.0;
  for (std::size_t i = 0; i < plain_values.size(); ++i) {
    if (plain_values[i] == 0.0) continue;  // below a triangle's diagonal
    worst = std::max(worst, std::fabs(exact_values[i] - plain_values[i]) /
                                (std::fabs(plain_values[i]) + static_cast<double>(o.rows)));
  }
  const double e = median(exact_s);
  const double p = median(plain_s);
  fmt::print("{:<28} exact {:.4f} s  plain {:.4f} s  cost {:+.2f} %\n", work.name, e, p,
             100.0 * (e / p - 1.0));
  return worst < 1e-9;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--check") {
      o.check = true;
      o.rows = 10'000;
      o.runs = 1;
      continue;
    }
    const Index value = i + 1 < argc ? std::atoll(argv[++i]) : 0;
    if (name == "--rows")
      o.rows = value;
    else if (name == "--columns")
      o.columns = value;
    else if (name == "--runs")
      o.runs = value;
    else {
      fmt::print(stderr, "usage: exactness [--rows N] [--columns N] [--runs N] [--check]\n");
      std::exit(2);
    }
  }
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const Options o = parse(argc, argv);
  const Index d = o.columns;
  const BlockPlan plan(o.rows, d);
  Buffer<double> x(o.rows * d);
  for (Index r = 0; r < o.rows; ++r) {
    RowRandom random(Philox(1, 1), static_cast<std::uint64_t>(r));
    for (Index c = 0; c < d; ++c) x.data()[r * d + c] = 2.0 * random.uniform() - 1.0;
  }
  std::vector<Work> works;
  Work gram{"Gram matrix", d * d, {}, [d](const double* block, Index rows, double* partial) {
              math::gram_add({.x = {block, rows, d}}, partial);
            }};
  gram.shape.add_symmetric(std::vector<int>(static_cast<std::size_t>(d), 0), 13);
  works.push_back(std::move(gram));
  std::vector<double> w(static_cast<std::size_t>(d), 0.1);
  Buffer<double> z(plan.rows_per_block());
  Work gradient{
      "gradient of one model", d, {}, [&, d](const double* block, Index rows, double* partial) {
        const math::Panel margins{z.data(), rows, 1};
        math::multiply({block, rows, d}, {w.data(), d, 1}, margins);
        math::multiply_transposed_add({block, rows, d}, margins, {partial, d, 1});
      }};
  gradient.shape.add(d, 20);
  works.push_back(std::move(gradient));
  fmt::print("{} rows x {} columns in memory, one core, medians of {} runs in turn\n", o.rows, d,
             o.runs);
  bool agree = true;
  for (const Work& work : works) agree &= measure(work, x, plan, o);
  if (!agree) fmt::print(stderr, "the sums differ\n");
  return agree ? 0 : 1;
}
