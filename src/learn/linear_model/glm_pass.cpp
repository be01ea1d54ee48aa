// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_pass.hpp"

#include <algorithm>
#include <functional>

#include <superstep/math/links.hpp>
#include <superstep/math/products.hpp>

namespace superstep {

namespace {

/// What the map keeps in a worker's memory.
enum Slot : std::size_t { gradients, losses, margins, ones, shifted, row_weight, means, factors };

class GlmPass {
 public:
  GlmPass(const GlmMoments& moments, std::span<const GlmPoint> points)
      : m_(moments),
        points_(points),
        weights_(m_.columns(), size() * m_.outputs),
        start_(size() * m_.outputs) {
    Index output = 0;
    for (const GlmPoint& p : points_) {
      p.objective->write_weights(*p.parameters, output, weights_, start_);
      first_run_.push_back(p.objective->declare(shape_, *p.parameters, p.curvature, p.slack));
      output += m_.outputs;
    }
    any_curvature_ = std::ranges::any_of(points_, &GlmPoint::curvature);
    shifts_ = !kernel_shift().isZero(0.0);
  }

  SumShape& shape() { return shape_; }

  /// Rows in panels that stay near the core: Z = X W, its residuals R in the same place, G += X' R.
  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    const Index d = m_.columns();
    const Index outputs = start_.size();
    // Columns, then the constant 1.
    const math::Panel gradient(workspace.doubles(gradients, (d + 1) * outputs), d + 1, outputs);
    double* loss = workspace.doubles(losses, size());
    std::fill_n(gradient.data, (d + 1) * outputs, 0.0);
    std::fill_n(loss, size(), 0.0);
    const Index tall = m_.sample.panel_rows;
    for (Index row = 0, panel = 0; row < block.rows; row += tall, ++panel) {
      const Index rows = std::min(tall, block.rows - row);
      const math::ConstPanel x = kernel_rows(block, row, rows, workspace);
      const math::Panel z(workspace.doubles(margins, tall * outputs), rows, outputs);
      math::multiply(x, weights_, start_.data(), z);
      if (any_curvature_ && m_.sample.takes(block, panel)) {
        add_curvature(block, row, x, z, sum, workspace);
      }
      link(block, row, z, loss, workspace);
      math::multiply_transposed_add(x, z, gradient.middle_rows(0, d));
      math::multiply_transposed_add(column_of_ones(rows, workspace), z, gradient.middle_rows(d, 1));
    }
    hand_over(gradient, loss, sum);
  }

  /// What the finished sums say of the i-th point.
  std::optional<math::Evaluation> evaluation(const Totals& totals, std::size_t i) const {
    const GlmPoint& p = points_[i];
    for (Index run = 0; run < p.objective->runs(p.curvature); ++run) {
      if (!totals.holds(first_run_[i] + run)) return std::nullopt;
    }
    return p.objective->evaluate(totals, first_run_[i], *p.parameters, p.curvature);
  }

 private:
  Index size() const { return static_cast<Index>(points_.size()); }
  const GlmPoint& point(Index i) const { return points_[static_cast<std::size_t>(i)]; }
  const GlmTask& task(Index i) const { return point(i).objective->task(); }
  const Vector& kernel_shift() const { return points_.front().objective->kernel_shift(); }

  math::ConstPanel column_of_ones(Index rows, Workspace& workspace) const {
    double* values = workspace.doubles(ones, rows);
    std::fill_n(values, rows, 1.0);
    return {values, rows, 1};
  }

  math::ConstPanel kernel_rows(const Block& block, Index row, Index rows,
                               Workspace& workspace) const {
    const Index d = block.columns;
    const math::ConstPanel x(block.x + row * d, rows, d);
    if (!shifts_) return x;
    const Vector& shift = kernel_shift();
    double* to = workspace.doubles(shifted, m_.sample.panel_rows * d);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < d; ++j) to[i * d + j] = x.row(i)[j] - shift[j];
    }
    return {to, rows, d};
  }

  /// weight_i class_weight[y_i] of a panel's rows; null: all 1.
  const double* weights_of(const Block& block, Index row, Index rows, const GlmTask& task,
                           Workspace& workspace) const {
    const double* weight = block.weight == nullptr ? nullptr : block.weight + row;
    if (task.class_weight.size() == 0) return weight;
    double* v = workspace.doubles(row_weight, m_.sample.panel_rows);
    for (Index i = 0; i < rows; ++i) {
      const double by_class = task.class_weight[static_cast<Index>(block.y[row + i])];
      v[i] = by_class * (weight == nullptr ? 1.0 : weight[i]);
    }
    return v;
  }

  /// z becomes the residuals.
  void link(const Block& block, Index row, math::Panel z, double* loss,
            Workspace& workspace) const {
    for (Index first = 0; first < size();) {
      Index end = first + 1;
      while (end < size() && task(end).class_weight == task(first).class_weight) ++end;
      const math::RowWeights rows{weights_of(block, row, z.rows, task(first), workspace)};
      const math::LossSums sums{loss + first};
      const Index c = m_.outputs;
      const math::Panel part(z.data + first * c, z.rows, (end - first) * c, z.stride);
      const double* y = block.y + row;
      switch (m_.loss) {
        case GlmLoss::logistic:
          math::logistic(part, y, rows, part, sums);
          break;
        case GlmLoss::multinomial:
          math::multinomial(part, c, y, rows, part, sums);
          break;
        case GlmLoss::poisson:
          math::poisson(part, y, rows, part, sums);
          break;
      }
      first = end;
    }
  }

  void add_curvature(const Block& block, Index row, math::ConstPanel x, math::ConstPanel z,
                     Partial& sum, Workspace& workspace) const {
    const Index c = m_.outputs;
    const math::Panel mean(workspace.doubles(means, m_.sample.panel_rows * c), x.rows, c);
    for (Index i = 0; i < size(); ++i) {
      if (!point(i).curvature) continue;
      for (Index r = 0; r < x.rows; ++r) std::copy_n(z.row(r) + i * c, c, mean.row(r));
      switch (m_.loss) {
        case GlmLoss::logistic:
          math::sigmoid(mean);
          break;
        case GlmLoss::multinomial:
          math::softmax(mean, c);
          break;
        case GlmLoss::poisson:
          math::exponential(mean);
          break;
      }
      const double* v = weights_of(block, row, x.rows, task(i), workspace);
      add_pairs(x, mean, v, first_run_[static_cast<std::size_t>(i)] + 2, sum, workspace);
    }
  }

  /// Adds X' diag(v h) X for every pair of outputs, h being the second derivative of the loss,
  /// without its sign.
  void add_pairs(math::ConstPanel x, math::ConstPanel mean, const double* v, Index run,
                 Partial& sum, Workspace& workspace) const {
    const math::ExtraColumn one;
    double* h = workspace.doubles(factors, m_.sample.panel_rows);
    for (Index a = 0; a < m_.outputs; ++a) {
      for (Index b = a; b < m_.outputs; ++b, ++run) {
        for (Index r = 0; r < x.rows; ++r) {
          const double p = mean.row(r)[a];
          const double q = a == b ? 1.0 - p : mean.row(r)[b];
          h[r] = (m_.loss == GlmLoss::poisson ? p : p * q) * (v == nullptr ? 1.0 : v[r]);
        }
        math::gram_add({x, h, nullptr, {&one, 1}}, sum[run].data());
      }
    }
  }

  void hand_over(math::ConstPanel gradient, const double* loss, Partial& sum) const {
    const Index c = m_.outputs;
    for (Index i = 0; i < size(); ++i) {
      const Index run = first_run_[static_cast<std::size_t>(i)];
      sum[run][0] = loss[i];
      double* to = sum[run + 1].data();
      for (Index k = i * c; k < (i + 1) * c; ++k) {
        for (Index j = 0; j < gradient.rows; ++j) *to++ = gradient.row(j)[k];
      }
    }
  }

  const GlmMoments& m_;
  std::span<const GlmPoint> points_;
  std::vector<Index> first_run_;
  SumShape shape_;
  Matrix weights_;  ///< columns x outputs of all points
  Vector start_;
  bool any_curvature_ = false;
  bool shifts_ = false;
};

}  // namespace

std::vector<std::optional<math::Evaluation>> evaluate_glm(Engine& engine, const Table& table,
                                                          const GlmMoments& moments,
                                                          std::span<const GlmPoint> points) {
  GlmPass pass(moments, points);
  const Totals totals = engine.superstep(table, pass.shape(), std::cref(pass), Overflow::report);
  std::vector<std::optional<math::Evaluation>> evaluations;
  for (std::size_t i = 0; i < points.size(); ++i) {
    evaluations.push_back(pass.evaluation(totals, i));
  }
  return evaluations;
}

}  // namespace superstep
