// SPDX-License-Identifier: BSD-3-Clause
// Products of a block with the weights of one model or many, and its Gram matrix.
#include <superstep/math/products.hpp>

#include "kernels/kernels.hpp"

namespace superstep::bench {

namespace {

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

}  // namespace

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

}  // namespace superstep::bench
