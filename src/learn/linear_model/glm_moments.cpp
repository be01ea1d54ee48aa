// SPDX-License-Identifier: BSD-3-Clause
// The first pass of a generalised linear model.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>
#include <superstep/math/products.hpp>

#include "learn/linear_model/glm.hpp"

namespace superstep {

namespace {

/// Up to this many parameters a model's second derivatives go into one matrix.
constexpr Index widest_dense = 1024;
/// Likewise where a quarter of the rows is sample enough: the cost of that matrix is what would
/// forbid it.
constexpr Index widest_dense_sampled = 2048;
/// Beyond, all outputs share one matrix, up to this width; then there is the diagonal alone.
constexpr Index widest_block = 2048;

Index panel_rows(Index columns) {
  constexpr Index near_the_core = 32768;  // doubles
  return std::clamp<Index>(near_the_core / std::max<Index>(columns, 1) / 8 * 8, 32, 512);
}

/// As many rows as let second derivatives cost about twice what a gradient does, if they are enough
/// to be trusted.
RowSample choose_sample(Index rows, Index columns, Index parameters) {
  RowSample sample;
  sample.panel_rows = panel_rows(columns);
  const Index wanted = std::max(16 * parameters, 8 * rows / parameters);
  const Index panels = rows / sample.panel_rows;
  sample.stride = std::clamp<Index>(rows / wanted, 1, std::max<Index>(1, panels / 8));
  return sample;
}

void choose_curvature(GlmMoments& m) {
  const Index parameters = m.outputs * (m.columns() + 1);
  m.sample = choose_sample(m.all_rows, m.columns(), parameters);
  m.is_dense =
      parameters <= widest_dense || (parameters <= widest_dense_sampled && m.sample.stride >= 4);
  if (!m.is_dense) m.sample = choose_sample(m.all_rows, m.columns(), m.columns() + 1);
}

/// The runs of the first superstep.
struct Runs {
  Index rows, weight, sums, squares, negative;
  Index gram = -1;
};

class MomentsPass {
 public:
  MomentsPass(const Table& table, const Sketch& sketch, const GlmMoments& m, Index parts)
      : m_(m), parts_(parts), is_count_(m.loss == GlmLoss::poisson) {
    const int rows = sketch.rows_exponent;
    const int weight = rows + sketch.weight_exponent;
    // Part 1 of counts weighs by w y.
    const int heaviest = weight + (is_count_ ? std::max(0, sketch.y_exponent) : 0);
    std::vector<int> sums, squares;
    for (Index part = 0; part < parts; ++part) {
      for (const int e : sketch.spread_exponents) {
        sums.push_back(e + heaviest);
        squares.push_back(2 * e + heaviest);
      }
    }
    runs_.rows = shape_.add(parts, rows);
    runs_.weight = shape_.add(parts, heaviest);
    runs_.sums = shape_.add(sums);
    runs_.squares = shape_.add(squares);
    runs_.negative = shape_.add(1, rows);
    if (table.columns() < widest_block) {
      std::vector<int> exponents = sketch.spread_exponents;
      exponents.push_back(1);
      runs_.gram = shape_.add_symmetric(exponents, weight);
    }
  }

  SumShape& shape() { return shape_; }
  const Runs& runs() const { return runs_; }

  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    const math::ConstPanel x(block.x, block.rows, block.columns);
    const math::ClassMoments out{{sum[runs_.sums].data(), parts_, block.columns},
                                 {sum[runs_.squares].data(), parts_, block.columns},
                                 sum[runs_.weight].data()};
    math::class_moments_add(x, is_count_ ? nullptr : block.y, block.weight, m_.shift.data(), out);
    if (is_count_) add_counts(block, sum, workspace);
    for (Index i = 0; i < block.rows; ++i) {
      if (!(block.weight_of(i) > 0.0)) continue;
      sum[runs_.rows][is_count_ ? 0 : static_cast<std::size_t>(block.y[i])] += 1.0;
      if (is_count_ && block.y[i] < 0.0) sum[runs_.negative][0] += 1.0;
    }
    if (runs_.gram >= 0) add_gram(block, sum);
  }

 private:
  void add_counts(const Block& block, Partial& sum, Workspace& workspace) const {
    double* wy = workspace.doubles(0, block.rows);
    for (Index i = 0; i < block.rows; ++i) wy[i] = block.weight_of(i) * std::max(0.0, block.y[i]);
    const Index d = block.columns;
    const math::ClassMoments out{{sum[runs_.sums].data() + d, 1, d},
                                 {sum[runs_.squares].data() + d, 1, d},
                                 sum[runs_.weight].data() + 1};
    math::class_moments_add({block.x, block.rows, d}, nullptr, wy, m_.shift.data(), out);
  }

  void add_gram(const Block& block, Partial& sum) const {
    const math::ExtraColumn one;
    const Index tall = m_.sample.panel_rows;
    for (Index row = 0, panel = 0; row < block.rows; row += tall, ++panel) {
      if (!m_.sample.takes(block, panel)) continue;
      const Index rows = std::min(tall, block.rows - row);
      const math::ConstPanel x(block.x + row * block.columns, rows, block.columns);
      const double* weight = block.weight == nullptr ? nullptr : block.weight + row;
      math::gram_add({x, weight, m_.shift.data(), {&one, 1}}, sum[runs_.gram].data());
    }
  }

  const GlmMoments& m_;
  Index parts_;
  bool is_count_;
  SumShape shape_;
  Runs runs_{};
};

/// 2^exponent of every entry of a run: no block has more.
Matrix bounds_of(const SumShape& shape, Index run, Index rows, Index columns) {
  Matrix bounds(rows, columns);
  const auto from = static_cast<std::size_t>(shape.run(run).entry_begin);
  for (Index i = 0; i < bounds.size(); ++i) {
    bounds.data()[i] = std::ldexp(1.0, shape.exponents()[from + static_cast<std::size_t>(i)]);
  }
  return bounds;
}

[[noreturn]] void report_negative(Engine& engine, const Table& table, double count) {
  const std::vector<double> last =
      engine.maximum(table, 1, [](const Block& block, std::span<double> out, Workspace&) {
        for (Index i = 0; i < block.rows; ++i) {
          if (block.weight_of(i) > 0.0 && block.y[i] < 0.0) {
            out[0] = std::max(out[0], -static_cast<double>(block.row(i)));
          }
        }
      });
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format(
          "{}: Some value(s) of y are out of the valid range of the loss 'HalfPoissonLoss': {} "
          "negative, the first in row {}; counts must be >= 0, use Ridge for other targets",
          table.data->y_name(), static_cast<Index>(count), static_cast<Index>(-last[0])));
}

void check(Engine& engine, const Table& table, const GlmMoments& m, double negative) {
  if (negative > 0.0) report_negative(engine, table, negative);
  if (!(m.total_weight() > 0.0)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} has no row with a weight above zero; check {}",
                                  table.data->path(), table.data->options().weight));
  }
  if (m.loss == GlmLoss::poisson && !(m.weight[1] > 0.0)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} is zero in every row, and no rate is small enough for that; "
                                  "check the targets",
                                  table.data->y_name()));
  }
}

}  // namespace

double GlmMoments::total_weight() const {
  return loss == GlmLoss::poisson ? weight[0] : weight.sum();
}

GlmMoments glm_moments(Engine& engine, const Table& table, GlmLoss loss, Index classes) {
  const Sketch sketch = engine.sketch(table);
  const Index d = table.columns();
  const Index parts = loss == GlmLoss::poisson ? 2 : classes;
  GlmMoments m;
  m.loss = loss;
  m.outputs = loss == GlmLoss::multinomial ? classes : 1;
  m.all_rows = table.rows();
  m.shift = Eigen::Map<const Vector>(sketch.shift.data(), d);
  m.spread_exponents = sketch.spread_exponents;
  choose_curvature(m);

  MomentsPass pass(table, sketch, m, parts);
  const Runs& runs = pass.runs();
  const Totals totals = engine.superstep(table, pass.shape(), std::cref(pass));
  for (const double rows : totals[runs.rows]) m.rows.push_back(static_cast<Index>(rows));
  m.weight = VectorView(totals[runs.weight].data(), parts);
  m.sums = MatrixView(totals[runs.sums].data(), parts, d);
  m.squares = MatrixView(totals[runs.squares].data(), parts, d);
  m.block_weight = bounds_of(pass.shape(), runs.weight, parts, 1);
  m.block_squares = bounds_of(pass.shape(), runs.squares, parts, d);
  check(engine, table, m, totals.value(runs.negative));
  if (runs.gram >= 0) {
    m.gram = MatrixView(totals[runs.gram].data(), d + 1, d + 1);
    const double sampled = m.gram(d, d);
    if (sampled > 0.0) m.sample_factor = m.total_weight() / sampled;
    m.gram *= m.sample_factor;
  }
  return m;
}

Footprint glm_footprint(GlmLoss loss, Index columns, Index outputs) {
  const Index wide = columns + 1;
  const Index parameters = outputs * wide;
  const bool is_dense = parameters <= widest_dense_sampled;
  const Index pairs = outputs * (outputs + 1) / 2;
  const Index parts = loss == GlmLoss::poisson ? 2 : std::max<Index>(outputs, 2);
  Footprint first, further;
  first.sums = parts * (2 * columns + 2) + (columns < widest_block ? wide * wide : 0);
  further.sums = 1 + parameters + (is_dense ? pairs * wide * wide : 0);
  further.row_doubles = 2 * outputs + 2;
  // The sample, the matrix of a model and its factor; steps and gradients.
  further.replicated =
      first.sums + 3 * (is_dense ? parameters * parameters : wide * wide) + 30 * parameters;
  return first | further;
}

}  // namespace superstep
