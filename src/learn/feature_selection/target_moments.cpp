// SPDX-License-Identifier: BSD-3-Clause
#include "learn/feature_selection/target_moments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <superstep/learn/estimator.hpp>

#include "learn/cells.hpp"
#include "learn/features.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// Where deviations are taken from, and how large they are, about: < 2^e.
struct Centre {
  Vector shift;
  std::vector<int> spread;
  double y_shift;
  int y_spread;
};

/// The sums of some rows around a centre.
struct Sums {
  double weight = 0.0, y = 0.0, yy = 0.0;
  Vector x, xx, xy;
};

class CellSums {
 public:
  /// **Collective**, one superstep.
  CellSums(Engine& engine, const Table& table, const Cells& cells, Centre centre)
      : centre_(std::move(centre)), totals_(add_up(engine, table, cells)) {}

  const Centre& centre() const { return centre_; }

  Sums of(std::span<const Index> cells) const {
    const auto together = [&](Index run) {
      std::vector<Index> runs;
      for (const Index cell : cells) runs.push_back(runs_of_a_cell * cell + run);
      const std::vector<double> values = totals_.combined(runs);
      return Vector(VectorView(values.data(), std::ssize(values)));
    };
    if (cells.empty()) return {};
    const Vector few = together(target);
    return {few[0], few[1], few[2], together(sums), together(squares), together(products)};
  }

 private:
  enum Run : Index { target, sums, squares, products, runs_of_a_cell };

  Totals add_up(Engine& engine, const Table& table, const Cells& cells) const {
    const Sketch sketch = engine.sketch(table);
    const int rows = sketch.rows_exponent + sketch.weight_exponent;
    std::vector<int> first, second, both;
    for (const int e : centre_.spread) {
      first.push_back(e + rows);
      second.push_back(2 * e + rows);
      both.push_back(e + centre_.y_spread + rows);
    }
    std::vector<int> of_y = {rows, centre_.y_spread + rows, 2 * centre_.y_spread + rows};
    SumShape shape;
    for (Index c = 0; c < cells.size(); ++c) {
      for (auto* exponents : {&of_y, &first, &second, &both}) shape.add(*exponents);
    }
    return engine.superstep(
        table, shape, [&](const Block& block, Partial& sum, Workspace& workspace) {
          cells.each(block, workspace, [&](Index cell, const Cells::Rows& rows_of_cell) {
            const Index base = runs_of_a_cell * cell;
            with_features(block, [&](auto x) {
              add(block, rows_of_cell, x, sum[base + target].data(), sum[base + sums].data(),
                  sum[base + squares].data(), sum[base + products].data());
            });
          });
        });
  }

  template <class X>
  void add(const Block& block, const Cells::Rows& rows, X x, double* of_y, double* first,
           double* second, double* both) const {
    const double* shift = centre_.shift.data();
    const Index columns = block.columns;
    for_rows(block, rows, [&](Index i) {
      const double weight = block.weight_of(i);
      const double y = block.y[i] - centre_.y_shift;
      const double wy = weight * y;
      of_y[0] += weight;
      of_y[1] += wy;
      of_y[2] = std::fma(wy, y, of_y[2]);
      const auto* row = x.row(i);
      for (Index c = 0; c < columns; ++c) {
        const double d = static_cast<double>(row[c]) - shift[c];
        const double wd = weight * d;
        first[c] += wd;
        second[c] = std::fma(wd, d, second[c]);
        both[c] = std::fma(wd, y, both[c]);
      }
    });
  }

  Centre centre_;
  Totals totals_;
};

/// What deviates by less than a unit in the last place does not vary.
double variance_of(double weight, double sum, double square, double shift) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double offset = sum / weight;
  const double variance = std::fma(-offset, offset, square / weight);
  const double unit = eps * (shift + offset);
  return variance <= unit * unit ? 0.0 : variance;
}

TargetMoments moments_of(const Sums& s, const Centre& centre) {
  TargetMoments m;
  m.weight = s.weight;
  m.target_variance = variance_of(s.weight, s.y, s.yy, centre.y_shift);
  m.variance = m.covariance = Vector(s.x.size());
  for (Index c = 0; c < s.x.size(); ++c) {
    m.variance[c] = variance_of(s.weight, s.x[c], s.xx[c], centre.shift[c]);
    m.covariance[c] = std::fma(-s.x[c] / s.weight, s.y / s.weight, s.xy[c] / s.weight);
  }
  return m;
}

/// The means as a centre, if the present one is farther away than the variances bear.
std::optional<Centre> improved(const Centre& centre, const Sums& s, const TargetMoments& m) {
  bool is_far = false;
  Centre better = centre;
  const auto move = [&](double& shift, int& spread, double offset, double variance) {
    is_far = is_far || offset * offset > 0x1p14 * variance;
    shift += offset;
    spread = std::max(spread, exponent_above(std::fabs(offset))) + 1;
  };
  move(better.y_shift, better.y_spread, s.y / s.weight, m.target_variance);
  for (Index c = 0; c < s.x.size(); ++c) {
    move(better.shift[c], better.spread[static_cast<std::size_t>(c)], s.x[c] / s.weight,
         m.variance[c]);
  }
  if (!is_far) return std::nullopt;
  return better;
}

}  // namespace

std::vector<TargetMoments> target_moments(Engine& engine, const Table& table,
                                          std::span<const SplitPtr> splits) {
  const Sketch sketch = engine.sketch(table);
  const Cells cells(splits);
  const CellSums first(engine, table, cells,
                       {VectorView(sketch.shift.data(), table.columns()), sketch.spread_exponents,
                        sketch.target().shift, sketch.target().spread_exponent});
  std::vector<TargetMoments> all;
  for (const SplitPtr& split : splits) {
    const Sums s = first.of(cells.with_role(split, Role::train));
    if (!(s.weight > 0.0)) throw_no_rows(table, split);
    all.push_back(moments_of(s, first.centre()));
    const auto better = improved(first.centre(), s, all.back());
    if (!better) continue;
    const SplitPtr none;
    const Cells one({&none, 1});
    const Index cell = 0;
    const Table its = split ? table.only(split, Role::train) : table;
    const CellSums second(engine, its, one, *better);
    all.back() = moments_of(second.of({&cell, 1}), *better);
  }
  return all;
}

Footprint target_moments_footprint(Index columns, std::span<const Candidate> batch) {
  const Index cells = cells_of(batch);
  const Index sums = 3 * columns + 3;
  return {cells * sums, scratch_for_cells(cells, columns), 2 * sums * std::ssize(batch)};
}

}  // namespace superstep
