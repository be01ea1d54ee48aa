// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/gram.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include <superstep/core/error.hpp>
#include <superstep/math/products.hpp>

namespace superstep {

namespace {

/// The sums over the rows of [u | y - y_shift | 1], and how many rows counted.
struct RawSums {
  Matrix products;
  Index rows = 0;
};

/// Adds a block's [u | y - y_shift | 1]' diag(w) [...] to the upper triangle.
using BlockProducts = std::function<void(const Block&, double* products, Workspace&)>;

RawSums sum_products(Engine& engine, const Table& table, std::span<const int> exponents, int extra,
                     const BlockProducts& add) {
  SumShape shape;
  const Index products = shape.add_symmetric(exponents, extra);
  const auto tall = static_cast<std::size_t>(table.data->blocks().rows_per_block());
  const Index counted = shape.add(1, std::bit_width(tall));
  const Totals totals =
      engine.superstep(table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
        add(block, sum[products].data(), workspace);
        for (Index i = 0; i < block.rows; ++i)
          sum[counted][0] += block.weight_of(i) > 0 ? 1.0 : 0.0;
      });
  const auto n = static_cast<Index>(exponents.size());
  return {MatrixView(totals[products].data(), n, n), static_cast<Index>(totals.value(counted))};
}

/// The extra columns of a part of a block: the target, the constant 1.
std::vector<math::ExtraColumn> extra_columns(const Block& block, Index first_row, bool target,
                                             double y_shift) {
  std::vector<math::ExtraColumn> extra;
  if (target) extra.push_back({block.y + first_row, 1, y_shift});
  extra.push_back({});
  return extra;
}

/// Rounding errors of a sum over a block are random signs rather than a conspiracy: sqrt(rows) of
/// them remain (Higham and Mary 2019), here with a factor 4 for safety.
double rounding_noise(const Table& table) {
  const Index rows = std::min(table.data->blocks().rows_per_block(), table.rows());
  return 4.0 * 0x1p-53 * std::sqrt(static_cast<double>(rows));
}

/// Takes the means out of sums around a provisional centre:
/// sum w (a - m)(b - m') = sum w a b - (sum w a)(sum w b) / sum w.
void take_out_means(Matrix& products, double& noise) {
  const Index n = products.rows() - 1;
  const double weight = products(n, n);
  const double rounding = noise;
  const Vector before = products.diagonal();
  const Vector sums = products.col(n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = i; j < n; ++j) {
      products(i, j) = std::fma(-sums[i], sums[j] / weight, products(i, j));
      products(j, i) = products(i, j);
    }
  }
  for (Index i = 0; i < n; ++i) {
    const double after = products(i, i);
    // What is left of a constant column is rounding.
    if (!(after > rounding * before[i])) {
      products.row(i).setZero();
      products.col(i).setZero();
    } else {
      noise = std::max(noise, rounding * before[i] / after);
    }
  }
}

Moments finish(const Table& table, const MomentsRequest& request, RawSums raw, Vector shift,
               double y_shift) {
  Matrix& products = raw.products;
  const Index last = products.rows() - 1;
  const Index columns = last - (request.target ? 1 : 0);
  Moments m;
  m.rows = raw.rows;
  m.weight = products(last, last);
  if (!(m.weight > 0.0)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} has no row with a weight above zero; check {}",
                                  table.data->path(), table.data->options().weight));
  }
  m.noise = rounding_noise(table);
  m.mean = std::move(shift);
  m.y_mean = y_shift;
  if (request.centred) {
    m.mean += products.col(last).head(columns) / m.weight;
    if (request.target) m.y_mean += products(columns, last) / m.weight;
    take_out_means(products, m.noise);
  }
  m.gram = products.topLeftCorner(columns, columns);
  if (request.target) {
    m.xy = products.col(columns).head(columns);
    m.yy = products(columns, columns);
  }
  return m;
}

/// Squares that underflow would make a column look constant.
void check_squares(const Table& table, const Sketch& sketch, Index column) {
  const int e = sketch.spread_exponents[static_cast<std::size_t>(column)];
  if (e >= -480 || e <= exponent_above(0.0)) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("the values of {} of {} differ by less than {:.0e}, too little for "
                  "their squares in double precision; multiply the column by a large number",
                  table.maps.empty() ? table.data->column_name(column)
                                     : fmt::format("transformed column {}", column),
                  table.data->x_name(), std::ldexp(1.0, e)));
}

/// u R = x - centre for every row of a panel. Row i of R is used for all rows before the next is
/// read.
void substitute(const Matrix& R, const Vector& centre, math::ConstPanel x, double* u) {
  const Index d = R.cols();
  for (Index row = 0; row < x.rows; ++row) {
    for (Index j = 0; j < d; ++j) u[row * d + j] = x.row(row)[j] - centre[j];
  }
  for (Index i = 0; i < d; ++i) {
    const double* r = R.data() + i * d;
    for (Index row = 0; row < x.rows; ++row) {
      double* to = u + row * d;
      const double solved = to[i] / r[i];
      to[i] = solved;
      for (Index j = i + 1; j < d; ++j) to[j] = std::fma(-solved, r[j], to[j]);
    }
  }
}

}  // namespace

Moments moments(Engine& engine, const Table& table, const MomentsRequest& request) {
  const Sketch sketch = engine.sketch(table);
  for (Index c = 0; c < table.columns(); ++c) check_squares(table, sketch, c);
  std::vector<double> shift(sketch.shift.size(), 0.0);
  if (request.centred) shift = sketch.shift;
  const double y_shift = request.centred && request.target ? sketch.y_shift : 0.0;
  std::vector<int> exponents = request.centred ? sketch.spread_exponents : sketch.exponents;
  if (request.target) {
    exponents.push_back(request.centred ? sketch.y_spread_exponent : sketch.y_exponent);
  }
  exponents.push_back(1);
  RawSums raw =
      sum_products(engine, table, exponents, sketch.rows_exponent + sketch.weight_exponent,
                   [&](const Block& block, double* products, Workspace&) {
                     const auto extra = extra_columns(block, 0, request.target, y_shift);
                     const math::ConstPanel x(block.x, block.rows, block.columns);
                     math::gram_add({x, block.weight, shift.data(), extra}, products);
                   });
  Vector centre = Eigen::Map<const Vector>(shift.data(), static_cast<Index>(shift.size()));
  return finish(table, request, std::move(raw), std::move(centre), y_shift);
}

Moments moments_through(Engine& engine, const Table& table, const MomentsRequest& request,
                        const Moments& first, const Matrix& R) {
  // |sum w a b| <= sqrt(sum w a^2) sqrt(sum w b^2), over a block as over everything: the bounds are
  // known.
  const auto root_exponent = [](double square) { return (exponent_above(square) + 2) / 2; };
  std::vector<int> exponents(static_cast<std::size_t>(R.cols()), root_exponent(first.weight));
  if (request.target) exponents.push_back(root_exponent(first.yy));
  exponents.push_back(root_exponent(first.weight));
  RawSums raw = sum_products(
      engine, table, exponents, 2, [&](const Block& block, double* products, Workspace& workspace) {
        constexpr Index panel_rows = 256;
        for (Index row = 0; row < block.rows; row += panel_rows) {
          const Index rows = std::min(panel_rows, block.rows - row);
          double* u = workspace.doubles(0, rows * block.columns);
          substitute(R, first.mean, {block.x + row * block.columns, rows, block.columns}, u);
          const auto extra = extra_columns(block, row, request.target, first.y_mean);
          const double* weight = block.weight == nullptr ? nullptr : block.weight + row;
          math::gram_add({{u, rows, block.columns}, weight, nullptr, extra}, products);
        }
      });
  return finish(table, request, std::move(raw), Vector::Zero(R.cols()), first.y_mean);
}

Footprint moments_footprint(Index columns) {
  const Index width = columns + 2;
  return {width * width + 1, 0, 3 * width * width};
}

}  // namespace superstep
