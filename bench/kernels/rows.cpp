// SPDX-License-Identifier: BSD-3-Clause
// What visits every row of a block: distances to centres, sums by centre, statistics of the
// columns, scaling.
#include <cstdint>
#include <string>
#include <vector>

#include <superstep/math/assignment.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/distances.hpp>
#include <superstep/math/gaussian.hpp>
#include <superstep/math/scaling.hpp>

#include "kernels/kernels.hpp"

namespace superstep::bench {

namespace {

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

// The step of k-means on rows whose centres are known.
void assigned(benchmark::State& state, Where where, Index rows, Index columns, Index k) {
  const Index width = math::padded(columns);
  Blocks blocks(where, rows, width);
  const std::vector<double> centers = random_values(k * width);
  std::vector<double> sums(centers.size()), counts(static_cast<std::size_t>(k));
  std::vector<std::int32_t> index;
  for (Index i = 0; i < rows; ++i) index.push_back(static_cast<std::int32_t>(i * 7919 % k));
  const double best = fastest(state, [&] {
    benchmark::DoNotOptimize(math::add_assigned(blocks.next(), index.data(), nullptr,
                                                ConstPanel(centers.data(), k, width),
                                                {Panel(sums.data(), k, width), counts.data()}));
  });
  report_bytes(state, 8 * size_of(rows, width), best);
}

// The exponents of k Gaussians at every row, as naive Bayes predicts.
void gaussians(benchmark::State& state, Where where, Index rows, Index columns, Index k) {
  Blocks blocks(where, rows, columns);
  const std::vector<double> centers = random_values(k * columns), start(centers.size(), 0.0);
  std::vector<double> z(static_cast<std::size_t>(rows * k));
  const ConstPanel panel(centers.data(), k, columns);
  const double best = fastest(state, [&] {
    math::diagonal_gaussians(blocks.next(), panel, panel, start.data(), Panel(z.data(), rows, k));
    benchmark::DoNotOptimize(z.data());
  });
  // A product and a multiply-add; the subtraction goes to adders that processors have beside them.
  report_flops(state, 2 * 2 * size_of(rows, columns) * static_cast<double>(k), best);
}

}  // namespace

void register_rows(const Shape& s) {
  for (const Index k : {8, 50, 200}) {
    const std::string name = fmt::format("{}/{}", s.name(), k);
    add("nearest/" + name, [=](auto& st) { nearest(st, s.where, s.rows, s.columns, k, 1); });
    add("nearest10/" + name, [=](auto& st) { nearest(st, s.where, s.rows, s.columns, k, 10); });
    add("scatter/" + name, [=](auto& st) { scatter(st, s.where, s.rows, s.columns, k); });
    add("assigned/" + name, [=](auto& st) { assigned(st, s.where, s.rows, s.columns, k); });
    add("gaussians/" + name, [=](auto& st) { gaussians(st, s.where, s.rows, s.columns, k); });
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
  add("range/" + s.name(), [=](auto& st) {
    std::vector<double> low(static_cast<std::size_t>(s.columns)), high = low;
    reader(st, s.where, s.rows, s.columns, [&](ConstPanel x) {
      math::column_range_add(x, low.data(), high.data());
      benchmark::DoNotOptimize(low.data());
    });
  });
  add("column_moments/" + s.name(), [=](auto& st) {
    std::vector<double> counts(static_cast<std::size_t>(s.columns)), sums = counts, squares = sums;
    const std::vector<double> shift(counts.size(), 0.5);
    reader(st, s.where, s.rows, s.columns, [&](ConstPanel x) {
      math::column_moments_add(x, nullptr, shift.data(),
                               {counts.data(), sums.data(), squares.data()});
      benchmark::DoNotOptimize(sums.data());
    });
  });
  add("centre_and_scale/" + s.name(), [=](auto& st) {
    const std::vector<double> shift(static_cast<std::size_t>(s.columns), 0.5), factor = shift;
    std::vector<double> z(static_cast<std::size_t>(s.rows * s.columns));
    reader(st, s.where, s.rows, s.columns, [&](ConstPanel x) {
      math::centre_and_scale(x, shift.data(), factor.data(), Panel(z.data(), s.rows, s.columns));
      benchmark::DoNotOptimize(z.data());
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

}  // namespace superstep::bench
