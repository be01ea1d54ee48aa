// SPDX-License-Identifier: BSD-3-Clause
#include "learn/decomposition/wide_svd.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include <superstep/core/philox.hpp>
#include <superstep/math/products.hpp>

#include "learn/decomposition/principal_axes.hpp"
#include "learn/features.hpp"
#include "learn/preprocessing/column_statistics.hpp"
#include "learn/preprocessing/scalers.hpp"

namespace superstep {

namespace {

/// Directions beside those asked for, as in scikit-learn.
constexpr Index oversamples = 10;
/// Rows whose products stay near the core.
constexpr Index tall = 128;

constexpr std::uint32_t start_purpose = 0x73766420;  // Philox stream of the start

Index directions(Index components, Index columns) {
  return std::min(components + oversamples, columns);
}

/// Orthonormal columns with the range of Y, or zeros where it has fewer. Done twice, for the first
/// time loses digits where columns are nearly dependent.
Matrix orthonormal(Matrix Y) {
  for (int time = 0; time < 2; ++time) {
    const Vector norms = Y.colwise().norm();
    for (Index k = 0; k < Y.cols(); ++k) Y.col(k) /= norms[k] > 0.0 ? norms[k] : 1.0;
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Y.transpose() * Y);
    Vector factor = eigen.eigenvalues();
    const double least = 1e-14 * factor.maxCoeff();
    for (double& v : factor) v = v > least ? 1.0 / std::sqrt(v) : 0.0;
    Y = (Y * (eigen.eigenvectors() * factor.asDiagonal())).eval();
  }
  return Y;
}

/// A model on its way: z = y Q, y = (x - c) F + o being what the model sees of a row.
struct Run {
  WideTask task;
  Matrix Q;                                               ///< columns x directions, orthonormal
  Index passes = 0;                                       ///< left
  Index first = 0;                                        ///< of its directions among those of all
  Index products = 0, sums = 0, squares = 0, weight = 0;  ///< runs
  WideSVD found{};

  Index width() const { return Q.cols(); }
  /// o - c F
  Vector constant() const {
    const AffineMap& map = *task.features;
    return map.offset() - map.transposed_times(map.centre()).col(0);
  }
};

Run begin(const WideTask& task, Index columns) {
  Run run{.task = task, .Q = {}, .passes = task.iterations + 2};
  Matrix start(columns, directions(task.components, columns));
  const Philox philox(task.seed, start_purpose);
  for (Index j = 0; j < columns; ++j) {
    RowRandom random(philox, static_cast<std::uint64_t>(j));
    for (Index k = 0; k < start.cols(); ++k) start(j, k) = random.normal();
  }
  run.Q = orthonormal(std::move(start));
  return run;
}

/// One pass: of each run X'WZ, 1'WZ and Z'WZ.
class WidePass {
 public:
  WidePass(const Table& table, const Sketch& sketch, std::vector<Run*> runs)
      : runs_(std::move(runs)) {
    Index all = 0;
    for (Run* run : runs_) {
      run->first = all;
      all += run->width();
    }
    weights_.resize(table.columns(), all);
    start_ = Vector::Zero(all);
    for (const Run* run : runs_) {
      const bool is_mapped = run->task.features != nullptr;
      weights_.middleCols(run->first, run->width()) =
          is_mapped ? run->task.features->times(run->Q) : run->Q;
      if (is_mapped) {
        start_.segment(run->first, run->width()) = run->Q.transpose() * run->constant();
      }
    }
    declare(sketch);
  }

  SumShape& shape() { return shape_; }

  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    const Index all = start_.size();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      weigh(*runs_[i], block, workspace.doubles(of_rows + i, block.rows), workspace);
    }
    const math::Panel z(workspace.doubles(margins, tall * all), tall, all);
    for (const Run* run : runs_) {
      if (const SparseRows* x = block.x.sparse()) sum.wrote(run->products, x->touched);
    }
    for (Index row = 0; row < block.rows; row += tall) {
      const Index rows = std::min(tall, block.rows - row);
      const auto add = [&](auto x) { add_rows(x, row, z.middle_rows(0, rows), sum, workspace); };
      if (const SparseRows* x = block.x.sparse()) {
        with_sparse(*x, block.rows, [&](auto panel) { add(panel.middle_rows(row, rows)); });
      } else {
        const math::ConstPanel x64(block.x.doubles(), block.rows, block.columns);
        add(x64.middle_rows(row, rows));
      }
    }
  }

  /// What the sums say: the singular values in the directions, and where X'X takes these.
  void take(const Totals& totals, Run& run) const {
    const Index l = run.width(), d = run.Q.rows();
    const Matrix G = MatrixView(totals[run.squares].data(), l, l);
    const Vector sums = VectorView(totals[run.sums].data(), l);
    // The values of a run of a panel come column by column.
    Matrix Y = MatrixView(totals[run.products].data(), l, d).transpose();
    if (run.task.features) {
      Y = run.task.features->transposed_times(Y);
      Y += run.constant() * sums.transpose();
    }
    run.found.weight = totals.value(run.weight);
    if (--run.passes > 0) {
      run.Q = orthonormal(std::move(Y));
      return;
    }
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(G);
    const Index k = std::min(run.task.components, l);
    const Matrix V = eigen.eigenvectors().rightCols(k).rowwise().reverse();
    const Vector squares = eigen.eigenvalues().tail(k).reverse().cwiseMax(0.0);
    run.found.singular = squares.cwiseSqrt();
    run.found.axes = (run.Q * V).transpose();
    const Vector of_axes = V.transpose() * sums;
    run.found.spread = (squares - of_axes.cwiseAbs2() / run.found.weight).cwiseMax(0.0);
  }

 private:
  enum Slot : std::size_t { margins, weighted, of_rows };

  /// Of a row of unit directions |z| is no larger than the row.
  void declare(const Sketch& sketch) {
    double row = 0.0;
    for (const int e : sketch.exponents) row += std::ldexp(1.0, 2 * e);
    row = std::sqrt(row);
    const int rows = sketch.rows_exponent + sketch.weight_exponent;
    for (Run* run : runs_) {
      const auto U = weights_.middleCols(run->first, run->width());
      const double most = row * std::sqrt(U.colwise().squaredNorm().maxCoeff()) +
                          start_.segment(run->first, run->width()).cwiseAbs().maxCoeff();
      const int z = exponent_above(most);
      std::vector<int> columns;
      for (const int e : sketch.exponents) columns.push_back(e + z + rows);
      std::ranges::replace(columns, exponent_above(0.0) + z + rows,
                           *std::ranges::max_element(columns));
      run->products = shape_.add_panel({&columns, 1}, run->width());
      run->sums = shape_.add(run->width(), z + rows);
      run->squares =
          shape_.add_symmetric(std::vector<int>(static_cast<std::size_t>(run->width()), z), rows);
      run->weight = shape_.add(1, rows);
    }
  }

  /// Zero for rows that the run does not train on.
  static void weigh(const Run& run, const Block& block, double* to, Workspace& workspace) {
    for (Index i = 0; i < block.rows; ++i) to[i] = block.weight_of(i);
    const Split* const split = run.task.split.get();
    if (split == nullptr) return;
    std::int32_t* const cell = workspace.integers(0, block.rows);
    split->partition->assign(block, cell);
    for (Index i = 0; i < block.rows; ++i) {
      if (split->role_of(cell[i]) != Role::train) to[i] = 0.0;
    }
  }

  template <class X>
  void add_rows(X x, Index first_row, math::Panel z, Partial& sum, Workspace& workspace) const {
    math::multiply(x, weights_, start_.data(), z);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const Run& run = *runs_[i];
      const Index l = run.width();
      const math::ConstPanel own(z.data + run.first, z.rows, l, z.stride);
      // The workspace gives the same memory for the same slot.
      const double* weights = workspace.doubles(of_rows + i, 0) + first_row;
      math::gram_add({own, weights}, sum[run.squares].data());
      const math::Panel r(workspace.doubles(weighted, tall * l), z.rows, l);
      double* const sums = sum[run.sums].data();
      double& total = sum[run.weight][0];
      for (Index row = 0; row < z.rows; ++row) {
        const double w = weights[row];
        total += w;
        for (Index k = 0; k < l; ++k) {
          r.row(row)[k] = w * own.row(row)[k];
          sums[k] += r.row(row)[k];
        }
      }
      const Partial::Panel to = sum.panel(run.products);
      math::multiply_transposed_add(x, r, {to.values, to.rows, to.columns});
    }
  }

  std::vector<Run*> runs_;
  SumShape shape_;
  Matrix weights_;  ///< columns x directions of all runs
  Vector start_;
};

/// Of all columns together, as the model sees them.
double total_spread(const ColumnStatistics& s, const WideTask& task, double weight) {
  const Vector factor =
      task.features ? task.features->factor() : Vector(Vector::Ones(s.variance.size()));
  return weight * factor.cwiseAbs2().dot(s.variance);
}

}  // namespace

std::vector<WideSVD> wide_svd(Engine& engine, const Table& table, std::span<const WideTask> tasks) {
  std::vector<SplitPtr> splits;
  for (const WideTask& task : tasks) splits.push_back(task.split);
  const std::vector<ColumnStatistics> statistics =
      statistics_of(engine, table, splits, Weighing::by_row);
  const std::vector<Index> rows = present_rows(engine, table, splits);
  const Sketch sketch = engine.sketch(table);
  std::vector<Run> runs(tasks.size());
  engine.replicated([&] {
    for (std::size_t i = 0; i < tasks.size(); ++i) runs[i] = begin(tasks[i], table.columns());
  });
  for (;;) {
    std::vector<Run*> running;
    for (Run& run : runs) {
      if (run.passes > 0) running.push_back(&run);
    }
    if (running.empty()) break;
    WidePass pass(table, sketch, running);
    const Totals totals = engine.superstep(table, pass.shape(), std::cref(pass));
    engine.replicated([&] {
      for (Run* run : running) pass.take(totals, *run);
    });
  }
  std::vector<WideSVD> all;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    WideSVD& found = runs[i].found;
    fix_signs(found.axes);
    found.rows = rows[i];
    found.total = total_spread(statistics[i], tasks[i], found.weight);
    all.push_back(std::move(found));
  }
  return all;
}

Footprint wide_svd_footprint(Index columns, std::span<const Index> components) {
  Index all = 0, squares = 0;
  for (const Index k : components) {
    const Index l = directions(k, columns);
    all += l;
    squares += l * l;
  }
  Footprint need;
  need.sums =
      std::max(columns * all + squares + all, statistics_sums(columns) * std::ssize(components));
  // Directions, the same in front of maps, what they become, and on the way there.
  need.replicated = 5 * columns * all + 4 * columns * std::ssize(components);
  need.thread_doubles = tall * 2 * all + gram_scratch(all);
  need.row_doubles = std::ssize(components) + 2;
  return need;
}

}  // namespace superstep
