// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/leave_one_out.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <superstep/comm/answering.hpp>
#include <superstep/core/error.hpp>
#include <superstep/math/products.hpp>

#include "learn/linear_model/least_squares.hpp"
#include "learn/seen_moments.hpp"

namespace superstep {

namespace {

constexpr Index panel_rows = 128;

/// What tells the errors of the rows of one view.
struct Shrinkage {
  const LeftOut* of;
  bool is_full = false;  ///< a fit without penalty would meet every row
  double weight = 0.0;   ///< sum of the rows'; infinite without an intercept
  double y_mean = 0.0;
  Vector centre{};  ///< of the table's columns
  Matrix basis{};   ///< columns x directions: (x - centre) basis + start is a row of U / sqrt(w)
  Vector start{};
  Matrix leverage{};  ///< directions x alphas: g
  Matrix error{};     ///< directions x alphas: g U'y
  Vector uy{};

  Index directions() const { return basis.cols(); }
  Index alphas() const { return leverage.cols(); }
};

/// The singular values of the rows that the view shows, as exact as the data allow.
Spectrum spectrum_for(Engine& engine, const Table& table, const View& view, const Moments& m,
                      bool centred) {
  Spectrum spectrum;
  bool is_resolved = false;
  answering(engine.comm(), [&] {
    const ScaledCholesky cholesky(m, 0.0);
    is_resolved = cholesky.resolves(m.noise);
    if (is_resolved) spectrum = spectrum_of(cholesky, m);
  });
  if (is_resolved) return spectrum;
  return refined_spectrum(engine, seen_by(view, table), {.centred = centred}, m);
}

Shrinkage shrinkage_of(Engine& engine, const Table& table, const GatheredMoments& sums,
                       const LeftOut& one) {
  const View& view = one.view;
  Moments m = std::move(seen_moments(engine, table, *sums.sums, sums.request, {&view, 1}).front());
  const bool centred = one.fit_intercept || (view.features && has_means_of_zero(*view.features, m));
  if (view.features && !centred) m = around_zero(m);
  const Spectrum s = spectrum_for(engine, table, view, m, centred);
  Shrinkage made{&one};
  const Index rank = s.rank();
  made.is_full = rank >= m.rows - (one.fit_intercept ? 1 : 0);
  if (one.fit_intercept) made.weight = m.weight;
  if (one.fit_intercept) made.y_mean = s.y_mean[0];
  made.uy = s.uy.col(0).head(rank);
  Matrix directions = s.V.leftCols(rank);
  for (Index j = 0; j < rank; ++j) directions.col(j) /= s.values[j];
  if (view.features) {
    const AffineMap& map = *view.features;
    made.centre = centred ? sums.sums->training(view.split).mean : map.centre();
    const Vector seen = map.transposed_times(made.centre - map.centre()).col(0) + map.offset();
    made.start = directions.transpose() * (seen - s.mean);
    made.basis = map.times(directions);
  } else {
    made.centre = s.mean;
    made.start = Vector::Zero(rank);
    made.basis = std::move(directions);
  }
  const Index alphas = std::ssize(one.alphas);
  made.leverage.resize(rank, alphas);
  made.error.resize(rank, alphas);
  for (Index a = 0; a < alphas; ++a) {
    const double alpha = one.alphas[static_cast<std::size_t>(a)];
    for (Index j = 0; j < rank; ++j) {
      made.leverage(j, a) = alpha / (s.values[j] * s.values[j] + alpha);
      made.error(j, a) = made.leverage(j, a) * made.uy[j];
    }
  }
  return made;
}

/// Adds up the errors of some rows: for each alpha w e and w e^2.
void add_errors(const Shrinkage& s, const Block& block, std::span<const std::int32_t> rows,
                std::span<double> sums, Workspace& workspace) {
  const auto n = static_cast<Index>(rows.size());
  const Index columns = block.columns, directions = s.directions(), alphas = s.alphas();
  double* x = workspace.doubles(0, n * columns);
  double* u = workspace.doubles(1, 2 * n * directions);
  double* z = workspace.doubles(2, 2 * n * alphas);
  double* squares = u + n * directions;
  for (Index i = 0; i < n; ++i) {
    const double* from = block.x.doubles() + rows[static_cast<std::size_t>(i)] * columns;
    for (Index c = 0; c < columns; ++c) x[i * columns + c] = from[c] - s.centre[c];
  }
  math::multiply({x, n, columns}, s.basis, s.start.data(), {u, n, directions});
  for (Index k = 0; k < n * directions; ++k) squares[k] = u[k] * u[k];
  math::multiply({squares, n, directions}, s.leverage, {z, n, alphas});
  math::multiply({u, n, directions}, s.error, {z + n * alphas, n, alphas});
  for (Index i = 0; i < n; ++i) {
    const Index row = rows[static_cast<std::size_t>(i)];
    const double w = block.weight_of(row);
    if (!(w > 0.0)) continue;
    double outside = 0.0, residual = 0.0;  // of a fit without penalty
    if (!s.is_full) {
      const VectorView its(u + i * directions, directions);
      outside = 1.0 - w * its.squaredNorm();
      if (s.weight > 0.0) outside -= w / s.weight;
      residual = block.y[row] - s.y_mean - its.dot(s.uy);
    }
    for (Index a = 0; a < alphas; ++a) {
      const double left = std::max(outside, 0.0) + w * z[i * alphas + a];
      const double error = (residual + z[(n + i) * alphas + a]) / std::max(left, 0x1p-52);
      sums[static_cast<std::size_t>(2 * a)] += w * error;
      sums[static_cast<std::size_t>(2 * a + 1)] += w * error * error;
    }
  }
}

/// The rows that a split trains on.
std::span<const std::int32_t> training_rows(const SplitPtr& split, const Block& block,
                                            Workspace& workspace) {
  std::int32_t* rows = workspace.integers(1, block.rows);
  if (split) {
    const Index n =
        rows_with_role(*split, Role::train, block, workspace.integers(0, block.rows), rows);
    return {rows, static_cast<std::size_t>(n)};
  }
  for (Index i = 0; i < block.rows; ++i) rows[i] = static_cast<std::int32_t>(i);
  return {rows, static_cast<std::size_t>(block.rows)};
}

/// One pass: for each of them two sums an alpha, then how many rows there are and how many with a
/// weight, and the targets and their squares.
Totals add_up(Engine& engine, const Table& table, const std::vector<Shrinkage>& all) {
  const Sketch sketch = engine.sketch(table);
  // An error may be many times what a target is away from the mean.
  const int room = 8 + sketch.rows_exponent + sketch.weight_exponent;
  const int tall = std::bit_width(static_cast<std::size_t>(table.data->blocks().rows_per_block()));
  SumShape shape;
  for (const Shrinkage& s : all) {
    const int y = s.weight > 0.0 ? sketch.target().spread_exponent : sketch.target().exponent;
    for (Index a = 0; a < s.alphas(); ++a) {
      shape.add(1, y + room);
      shape.add(1, 2 * y + room);
    }
    shape.add(2, tall);
    shape.add(1, sketch.target().spread_exponent + room);
    shape.add(1, 2 * sketch.target().spread_exponent + room);
  }
  return engine.superstep(
      table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        Index run = 0;
        std::vector<double> errors;
        for (const Shrinkage& s : all) {
          const auto rows = training_rows(s.of->view.split, block, workspace);
          errors.assign(static_cast<std::size_t>(2 * s.alphas()), 0.0);
          for (std::size_t at = 0; at < rows.size(); at += panel_rows) {
            add_errors(s, block,
                       rows.subspan(at, std::min<std::size_t>(panel_rows, rows.size() - at)),
                       errors, workspace);
          }
          for (const double e : errors) sum[run++][0] = e;
          sum[run][0] = static_cast<double>(rows.size());
          for (const std::int32_t i : rows) {
            const double w = block.weight_of(i), y = block.y[i] - sketch.target().shift;
            sum[run][1] += w > 0.0 ? 1.0 : 0.0;
            sum[run + 1][0] += w * y;
            sum[run + 2][0] += w * y * y;
          }
          run += 3;
        }
      });
}

}  // namespace

double LeftOutErrors::score(const Metric* metric) const {
  if (metric == nullptr) return -statistics.squared_error / static_cast<double>(all_rows);
  return (metric->greater_is_better ? 1.0 : -1.0) * metric->value(statistics);
}

std::vector<std::vector<LeftOutErrors>> leave_one_out_errors(Engine& engine, const Table& table,
                                                             const GatheredMoments& sums,
                                                             std::span<const LeftOut> all) {
  std::vector<Shrinkage> shrinkages;
  for (const LeftOut& one : all) shrinkages.push_back(shrinkage_of(engine, table, sums, one));
  const Totals totals = add_up(engine, table, shrinkages);
  std::vector<std::vector<LeftOutErrors>> errors;
  Index run = 0;
  for (const Shrinkage& s : shrinkages) {
    errors.emplace_back(static_cast<std::size_t>(s.alphas()));
    const auto rows = totals[run + 2 * s.alphas()];
    const double y = totals.value(run + 2 * s.alphas() + 1);
    const double y_squares = totals.value(run + 2 * s.alphas() + 2);
    const Moments m = sums.sums->training(s.of->view.split);
    if (rows[1] < 2.0) {
      throw AgreedError(ExitCode::bad_data,
                        "RidgeCV leaves each row out in turn, which takes two training rows with a "
                        "weight above zero at least; check the weights");
    }
    for (LeftOutErrors& e : errors.back()) {
      MetricStatistics& found = e.statistics;
      e.all_rows = static_cast<Index>(rows[0]);
      found.rows = rows[1];
      found.weight = m.weight;
      found.error = totals.value(run++);
      found.squared_error = totals.value(run++);
      found.target_square = y_squares - y * y / found.weight;
      found.error_square = found.squared_error - found.error * found.error / found.weight;
    }
    run += 3;
  }
  return errors;
}

Footprint leave_one_out_footprint(Index columns, Index alphas) {
  return {.sums = 2 * alphas + 4,
          .row_doubles = 1,  // numbers of rows
          .replicated = 2 * columns * (columns + alphas),
          .solving = 11 * columns * columns,
          .thread_doubles = panel_rows * (3 * columns + 2 * alphas)};
}

}  // namespace superstep
