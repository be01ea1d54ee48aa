// SPDX-License-Identifier: BSD-3-Clause
#include "learn/naive_bayes/class_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include <superstep/core/error.hpp>
#include <superstep/math/column_stats.hpp>

#include "learn/cells.hpp"
#include "learn/features.hpp"

namespace superstep {

namespace {

/// Where deviations are taken from: one row for all classes, or one for each.
struct Centres {
  Matrix points;
  std::vector<int> spread;  ///< |x_c - centre| < 2^e, about

  bool are_common() const { return points.rows() == 1; }
};

/// The rows' deviations from the centre of their class.
math::ConstPanel deviations(const Block& block, const Matrix& centres, Workspace& workspace) {
  double* out = workspace.doubles(0, block.rows * block.columns);
  for (Index i = 0; i < block.rows; ++i) {
    const double* x = block.x.doubles() + i * block.columns;
    const double* centre = centres.data() + static_cast<Index>(block.y[i]) * block.columns;
    double* to = out + i * block.columns;
    for (Index c = 0; c < block.columns; ++c) to[c] = x[c] - centre[c];
  }
  return {out, block.rows, block.columns};
}

/// 1 for the rows with a weight above zero.
const double* present(const Block& block, Workspace& workspace) {
  double* out = workspace.doubles(1, block.rows);
  for (Index i = 0; i < block.rows; ++i) out[i] = block.weight[i] > 0.0 ? 1.0 : 0.0;
  return out;
}

/// Weights, sums and sums of squares of the deviations of `groups` groups of rows in each of some
/// cells, those of neighbouring cells side by side: a kernel takes cells x groups as its classes.
struct MomentRuns {
  Index weights, sums, squares;  ///< runs of the first cell
  Index groups;

  MomentRuns(SumShape& shape, Index cells, Index groups_, const std::vector<int>& spread, int rows)
      : groups(groups_) {
    std::vector<int> first, second;
    for (Index k = 0; k < groups; ++k) {
      for (const int e : spread) {
        first.push_back(e + rows);
        second.push_back(2 * e + rows);
      }
    }
    weights = shape.runs();
    for (Index c = 0; c < cells; ++c) shape.add(groups, rows);
    sums = shape.runs();
    for (Index c = 0; c < cells; ++c) shape.add(first);
    squares = shape.runs();
    for (Index c = 0; c < cells; ++c) shape.add(second);
  }
  /// From a cell on.
  math::ClassMoments from(Partial& sum, Index cell, Index cells, Index columns) const {
    const Index rows = (cells - cell) * groups;
    return {math::Panel(sum[sums + cell].data(), rows, columns),
            math::Panel(sum[squares + cell].data(), rows, columns), sum[weights + cell].data()};
  }
};

/// Mean deviation and variance of one group and column.
struct Spread {
  double offset;
  double variance;
};
Spread spread_of(double weight, double sum, double square) {
  const double offset = sum / weight;
  return {offset, std::max(std::fma(-offset, offset, square / weight), 0.0)};
}

/// The sums of each cell around some centres.
class CellMoments {
 public:
  /// **Collective**, one superstep.
  CellMoments(Engine& engine, const Table& table, const Sketch& sketch, Index classes,
              const Cells& cells, Centres centres)
      : classes_(classes),
        columns_(table.columns()),
        // Without weights the classes' sums tell of all rows together.
        counts_all_(table.data->has_weight()),
        centres_(std::move(centres)),
        by_class_(shape_, cells.size(), classes, centres_.spread,
                  sketch.rows_exponent + sketch.weight_exponent),
        of_all_(shape_, counts_all_ ? cells.size() : 0, classes, centres_.spread,
                sketch.rows_exponent),
        totals_(engine.superstep(table, shape_,
                                 [&](const Block& block, Partial& sum, Workspace& workspace) {
                                   add(cells, block, sum, workspace);
                                 })) {}

  const Centres& centres() const { return centres_; }
  /// Of some cells together.
  ClassStatistics of(std::span<const Index> cells) const;

 private:
  void add(const Cells& cells, const Block& block, Partial& sum, Workspace& workspace) const;
  /// Weight, mean and variance of each class from these runs; of a class without rows nothing.
  void tell(const MomentRuns& runs, std::span<const Index> cells, ClassStatistics& s) const;
  std::vector<double> together(std::span<const Index> cells, Index run) const {
    std::vector<Index> runs;
    for (const Index cell : cells) runs.push_back(run + cell);
    return totals_.combined(runs);
  }

  Index classes_, columns_;
  bool counts_all_;
  Centres centres_;
  SumShape shape_;
  MomentRuns by_class_, of_all_;
  Totals totals_;
};

void CellMoments::add(const Cells& cells, const Block& block, Partial& sum,
                      Workspace& workspace) const {
  const bool is_common = centres_.are_common();
  const double* shift = is_common ? centres_.points.data() : nullptr;
  math::ConstPanel apart;
  if (!is_common) apart = deviations(block, centres_.points, workspace);
  const auto add = [&](const double* codes, const double* weights, const math::ClassMoments& to) {
    if (!is_common) return math::class_moments_add(apart, codes, weights, shift, to);
    with_features(block, [&](auto x) { math::class_moments_add(x, codes, weights, shift, to); });
  };
  cells.each_partition(block, workspace, [&](Index first, const std::int32_t* cell) {
    const double* codes = block.y;
    if (cell != nullptr) {
      double* of_class = workspace.doubles(2, block.rows);
      for (Index i = 0; i < block.rows; ++i) {
        of_class[i] = static_cast<double>(cell[i] * classes_) + block.y[i];
      }
      codes = of_class;
    }
    add(codes, block.weight, by_class_.from(sum, first, cells.size(), columns_));
    if (counts_all_) {
      add(codes, present(block, workspace), of_all_.from(sum, first, cells.size(), columns_));
    }
  });
}

ClassStatistics CellMoments::of(std::span<const Index> cells) const {
  ClassStatistics s;
  s.mean = s.variance = Matrix::Zero(classes_, columns_);
  s.weight = Vector::Zero(classes_);
  s.variance_of_all = Vector::Zero(columns_);
  if (cells.empty()) return s;
  tell(by_class_, cells, s);
  ClassStatistics by_rows = s;
  if (counts_all_) tell(of_all_, cells, by_rows);
  const RowVector mean = by_rows.weight.transpose() * by_rows.mean / by_rows.weight.sum();
  const RowVector variance =
      by_rows.weight.transpose() *
      (by_rows.variance.array() + (by_rows.mean.rowwise() - mean).array().square()).matrix() /
      by_rows.weight.sum();
  s.variance_of_all = variance.transpose();
  return s;
}

void CellMoments::tell(const MomentRuns& runs, std::span<const Index> cells,
                       ClassStatistics& s) const {
  const std::vector<double> weights = together(cells, runs.weights);
  const std::vector<double> sums = together(cells, runs.sums);
  const std::vector<double> squares = together(cells, runs.squares);
  s.weight = VectorView(weights.data(), classes_);
  for (Index k = 0; k < classes_; ++k) {
    for (Index c = 0; c < columns_ && s.weight[k] > 0.0; ++c) {
      const auto at = static_cast<std::size_t>(k * columns_ + c);
      const Spread found = spread_of(s.weight[k], sums[at], squares[at]);
      s.mean(k, c) = centres_.points(centres_.are_common() ? 0 : k, c) + found.offset;
      s.variance(k, c) = found.variance;
    }
  }
}

/// The means of the classes as centres, if the present ones are farther away than the variances
/// bear.
std::optional<Centres> improved(const Centres& centres, const ClassStatistics& s) {
  bool is_far = false;
  Centres better{s.mean, centres.spread};
  for (Index k = 0; k < s.mean.rows(); ++k) {
    const auto present = centres.points.row(centres.are_common() ? 0 : k);
    if (!(s.weight[k] > 0.0)) better.points.row(k) = present;
    for (Index c = 0; c < s.mean.cols(); ++c) {
      const double distance = std::fabs(better.points(k, c) - present[c]);
      is_far = is_far || distance * distance > 0x1p14 * s.variance(k, c);
      int& e = better.spread[static_cast<std::size_t>(c)];
      e = std::max(e, exponent_above(distance) + 1);
    }
  }
  if (!is_far) return std::nullopt;
  return better;
}

[[noreturn]] void throw_no_rows(const Table& table, const SplitPtr& split) {
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{} has no {}row with a weight above zero; check {}", table.data->path(),
                  split ? "training " : "", table.data->options().weight));
}

/// Of the rows each split trains on. Centres are common to a partition's splits and depend on all
/// its rows, so that a split does not see which others there are.
class StatisticsOf {
 public:
  StatisticsOf(Engine& engine, const Table& table, Index classes, std::span<const SplitPtr> splits)
      : engine_(engine),
        table_(table),
        splits_(splits),
        classes_(classes),
        sketch_(engine.sketch(table)),
        found_(splits.size()) {}

  /// **Collective.**
  std::vector<ClassStatistics> run() {
    const Cells cells(splits_);
    const CellMoments first(engine_, table_, sketch_, classes_, cells,
                            {Eigen::Map<const RowVector>(sketch_.shift.data(), table_.columns()),
                             sketch_.spread_exponents});
    for (const std::vector<std::size_t>& members : by_partition(splits_)) {
      finish(members, cells, first);
    }
    return std::move(found_);
  }

 private:
  void finish(const std::vector<std::size_t>& members, const Cells& cells,
              const CellMoments& first) {
    std::vector<SplitPtr> its_splits;
    for (const std::size_t i : members) its_splits.push_back(splits_[i]);
    const ClassStatistics whole = first.of(cells.of_partition(its_splits.front()));
    const Cells its_cells(its_splits);
    std::optional<CellMoments> second;
    if (const auto better = improved(first.centres(), whole)) {
      second.emplace(engine_, table_, sketch_, classes_, its_cells, *better);
    }
    for (const std::size_t i : members) {
      const SplitPtr& split = splits_[i];
      ClassStatistics& s = found_[i];
      s = first.of(cells.with_role(split, Role::train));
      if (!(s.weight.sum() > 0.0)) throw_no_rows(table_, split);
      if (second) s = second->of(its_cells.with_role(split, Role::train));
      if (!split) continue;
      // A fold's rows may lie far from all the others.
      if (const auto own = improved((second ? *second : first).centres(), s)) {
        const SplitPtr none;
        const Cells one({&none, 1});
        const Index cell = 0;
        const Table seen = table_.only(split, Role::train);
        s = CellMoments(engine_, seen, sketch_, classes_, one, *own).of({&cell, 1});
      }
    }
  }

  Engine& engine_;
  const Table& table_;
  std::span<const SplitPtr> splits_;
  Index classes_;
  Sketch sketch_;
  std::vector<ClassStatistics> found_;
};

}  // namespace

std::vector<ClassStatistics> class_statistics(Engine& engine, const Table& table, Index classes,
                                              std::span<const SplitPtr> splits) {
  return StatisticsOf(engine, table, classes, splits).run();
}

ClassStatistics class_statistics_behind(const AffineMap& map, ClassStatistics s) {
  const Vector square = map.factor().cwiseAbs2();
  for (Index k = 0; k < s.mean.rows(); ++k) {
    if (!(s.weight[k] > 0.0)) continue;
    const Vector from_centre = s.mean.row(k).transpose() - map.centre();
    s.mean.row(k) = from_centre.cwiseProduct(map.factor()) + map.offset();
  }
  s.variance = s.variance * square.asDiagonal();
  s.variance_of_all = s.variance_of_all.cwiseProduct(square);
  return s;
}

}  // namespace superstep
