// SPDX-License-Identifier: BSD-3-Clause
#include "learn/linear_model/glm_pass.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <type_traits>

#include <superstep/math/products.hpp>

#include "learn/features.hpp"
#include "learn/linear_model/glm_groups.hpp"
#include "learn/linear_model/glm_sample.hpp"

namespace superstep {

namespace {

/// What the map keeps in a worker's memory.
enum Slot : std::size_t {
  losses,
  margins,
  ones,
  shifted,
  row_weights,
  means,
  factors,
  float_margins,
};

/// Room for so many floats.
float* floats_of(Workspace& workspace, Slot slot, Index count) {
  return reinterpret_cast<float*>(workspace.doubles(slot, (count + 1) / 2));
}

/// A panel of a block as the kernels see it, X being the form in which features are kept: products
/// of dense floats are computed in their precision, those of sparse ones in doubles.
template <class X>
struct PanelOfRows {
  X x;
  const double* y;
  PanelWeights weights;
};

/// Rows that hold few values, or all of them.
template <class X>
constexpr bool is_sparse = false;
template <class T>
constexpr bool is_sparse<math::SparsePanelOf<T>> = true;

/// What a block adds up, model by model.
struct BlockSums {
  math::Panel gradient;  ///< [columns | 1] x outputs of all models
  double* loss;
};

class GlmPass {
 public:
  GlmPass(const GlmMoments& moments, std::span<const GlmPoint> points, std::size_t level)
      : m_(moments),
        points_(points),
        level_(level),
        weights_(m_.columns(), size() * m_.outputs),
        start_(size() * m_.outputs) {
    Index output = 0;
    std::vector<std::vector<int>> gradients;
    for (const GlmPoint& p : points_) {
      p.objective->write_weights(*p.parameters, output, weights_, start_);
      GlmObjective::Runs& runs = runs_.emplace_back();
      gradients.push_back(p.objective->declare(shape_, *p.parameters, p.curvature, p.slack, runs));
      group_.push_back(groups_.add(*p.objective, level));
      tweedie_.push_back(p.objective->task().tweedie);
      place_.push_back(p.objective->task().place);
      output += m_.outputs;
    }
    Index gradient = shape_.add_panel(gradients, m_.outputs);
    for (GlmObjective::Runs& runs : runs_) runs.gradient = gradient++;
    shifts_ = !m_.kernel_shift.isZero(0.0);
    if (!m_.in_floats) return;
    float_weights_ = weights_.cast<float>();
    float_shift_ = m_.kernel_shift.cast<float>();
  }

  SumShape& shape() { return shape_; }

  void operator()(const Block& block, Partial& sum, Workspace& workspace) const {
    if (const SparseRows* rows = block.x.sparse(); rows != nullptr && m_.is_sparse) {
      sum.wrote(runs_.front().gradient, rows->touched_and_one_more());
      return with_sparse(*rows, block.rows,
                         [&](auto x) { visit<decltype(x)>(block, x, sum, workspace); });
    }
    with_features(block, [&](auto x) {
      using From = std::remove_cvref_t<decltype(*x.data)>;
      if (std::is_same_v<From, float> && m_.in_floats) {
        visit<math::ConstPanelOf<From>>(block, x, sum, workspace);
      } else {
        visit<math::ConstPanel>(block, x, sum, workspace);
      }
    });
  }

  /// What the finished sums say of the i-th point.
  std::optional<math::Evaluation> evaluation(const Totals& totals, std::size_t i) const {
    const GlmPoint& p = points_[i];
    const bool is_bounded = p.objective->bounds_the_loss();
    // Means that add up to so much more than the targets are no way down, whatever they are.
    const GlmObjective::Runs& runs = runs_[i];
    if (is_bounded && !totals.holds(runs.loss)) return math::Evaluation();
    if (!totals.holds(runs.loss) || !totals.holds(runs.gradient)) return std::nullopt;
    for (Index pair = 0; p.curvature && pair < p.objective->pairs(); ++pair) {
      if (!totals.holds(runs.matrices() + pair)) return std::nullopt;
    }
    return p.objective->evaluate(totals, runs, *p.parameters, p.curvature, level_,
                                 p.care != math::Care::usual);
  }

 private:
  Index size() const { return static_cast<Index>(points_.size()); }
  const GlmPoint& point(Index i) const { return points_[static_cast<std::size_t>(i)]; }
  std::int32_t group(Index i) const { return group_[static_cast<std::size_t>(i)]; }
  bool takes_part(Index i, const PanelWeights& weights) const { return weights.any[group(i)] != 0; }

  /// Rows in panels that stay near the core, neighbouring models that take part together.
  template <class X, class From>
  void visit(const Block& block, From x, Partial& sum, Workspace& workspace) const {
    const Partial::Panel gradient = sum.panel(runs_.front().gradient);
    const BlockSums sums{{gradient.values, gradient.rows, gradient.columns},
                         workspace.doubles(losses, size())};
    std::fill_n(sums.loss, size(), 0.0);
    groups_.begin(block, workspace);
    const Index tall = m_.panel_rows;
    const Index together = models_in_cache(m_.outputs);
    for (Index row = 0, number = 0; row < block.rows; row += tall, ++number) {
      const Index rows = std::min(tall, block.rows - row);
      const PanelOfRows<X> panel{kernel_rows<X>(x.middle_rows(row, rows), workspace), block.y + row,
                                 groups_.weights(block, number, row, rows, row_weights, workspace)};
      for (Index begin = 0, end = 0; begin < size(); begin = std::max(begin + 1, end)) {
        const Index most = std::min(size(), begin + together);
        for (end = begin; end < most && takes_part(end, panel.weights);) ++end;
        if (end > begin) add(panel, begin, end, sums, sum, workspace);
      }
    }
    for (Index i = 0; i < size(); ++i) sum[runs(i).loss][0] = sums.loss[i];
  }

  math::ConstPanel column_of_ones(Index rows, Workspace& workspace) const {
    double* values = workspace.doubles(ones, rows);
    std::fill_n(values, rows, 1.0);
    return {values, rows, 1};
  }

  /// Floats that are to be doubles are widened once for both products, while they are near the
  /// core.
  template <class X, class From>
  X kernel_rows(From x, Workspace& workspace) const {
    if constexpr (std::is_same_v<X, From>) {
      if (!shifts_ || is_sparse<X>) return x;
    }
    if constexpr (!is_sparse<X>) return shifted_rows<X>(x, workspace);
  }

  template <class X, class From>
  X shifted_rows(From x, Workspace& workspace) const {
    const Index count = m_.panel_rows * x.columns;
    if constexpr (std::is_same_v<X, math::FloatPanel>) {
      const math::WritableFloats to(floats_of(workspace, shifted, count), x.rows, x.columns);
      math::subtract(x, float_shift_.data(), to);
      return to;
    } else {
      double* to = workspace.doubles(shifted, count);
      for (Index i = 0; i < x.rows; ++i) {
        for (Index j = 0; j < x.columns; ++j) {
          to[i * x.columns + j] = x.row(i)[j] - m_.kernel_shift[j];
        }
      }
      return {to, x.rows, x.columns};
    }
  }

  /// Models begin .. end: Z = X W, its residuals R in the same place, G += X' R.
  template <class X>
  void add(const PanelOfRows<X>& panel, Index begin, Index end, const BlockSums& sums, Partial& sum,
           Workspace& workspace) const {
    const Index first = begin * m_.outputs;
    const Index outputs = (end - begin) * m_.outputs;
    const Index d = m_.columns();
    const Index room = m_.panel_rows * models_in_cache(m_.outputs) * m_.outputs;
    const math::Panel z(workspace.doubles(margins, room), panel.x.rows, outputs);
    const math::WritableFloats floats(
        std::is_same_v<X, math::FloatPanel> ? floats_of(workspace, float_margins, room) : nullptr,
        panel.x.rows, outputs);
    multiply(panel.x, first, floats, z);
    for (Index i = begin; i < end; ++i) {
      if (!point(i).curvature) continue;
      if (point(i).care == math::Care::usual && panel.weights.sampled[group(i)] == 0) continue;
      add_curvature(panel, i, z.data + (i - begin) * m_.outputs, outputs, sum, workspace);
    }
    link(panel.y, panel.weights, begin, z, sums.loss + begin);
    const math::Panel& all = sums.gradient;
    const math::Panel gradient(all.data + first, all.rows, outputs, all.stride);
    multiply_transposed_add(panel.x, z, floats, gradient.middle_rows(0, d));
    math::multiply_transposed_add(column_of_ones(panel.x.rows, workspace), z,
                                  gradient.middle_rows(d, 1));
  }

  /// Z = X W for the outputs from `first` on.
  void multiply(math::ConstPanel x, Index first, const math::WritableFloats&, math::Panel z) const {
    const math::ConstPanel weights(weights_.data() + first, x.columns, z.columns,
                                   weights_.outerStride());
    math::multiply(x, weights, start_.data() + first, z);
  }
  template <class T>
  void multiply(math::SparsePanelOf<T> x, Index first, const math::WritableFloats&,
                math::Panel z) const {
    const math::ConstPanel weights(weights_.data() + first, m_.columns(), z.columns,
                                   weights_.outerStride());
    math::multiply(x, weights, start_.data() + first, z);
  }
  void multiply(math::FloatPanel x, Index first, math::WritableFloats floats, math::Panel z) const {
    const math::FloatPanel weights(float_weights_.data() + first, x.columns, z.columns,
                                   float_weights_.outerStride());
    math::multiply(x, weights, floats);
    math::widen(floats, start_.data() + first, z);
  }

  static void multiply_transposed_add(math::ConstPanel x, math::ConstPanel residuals,
                                      const math::WritableFloats&, math::Panel gradient) {
    math::multiply_transposed_add(x, residuals, gradient);
  }
  template <class T>
  static void multiply_transposed_add(math::SparsePanelOf<T> x, math::ConstPanel residuals,
                                      const math::WritableFloats&, math::Panel gradient) {
    math::multiply_transposed_add(x, residuals, gradient);
  }
  static void multiply_transposed_add(math::FloatPanel x, math::ConstPanel residuals,
                                      math::WritableFloats floats, math::Panel gradient) {
    math::narrow(residuals, floats);
    math::multiply_transposed_add(x, floats, gradient);
  }

  /// z becomes the residuals.
  void link(const double* y, const PanelWeights& weights, Index begin, math::Panel z,
            double* loss) const {
    const math::RowWeights rows{weights.values, weights.groups, group_.data() + begin};
    switch (m_.loss) {
      case GlmLoss::logistic:
        return math::logistic(z, y, rows, z, loss);
      case GlmLoss::multinomial:
        return math::multinomial(z, m_.outputs, y, rows, z, loss);
      case GlmLoss::tweedie:
        return math::tweedie(z, tweedie_.data() + begin, y, rows, z, loss);
      case GlmLoss::hinge:
        return math::squared_hinge(z, place_.data() + begin, y, rows, z, loss);
      case GlmLoss::tube:
        return math::squared_tube(z, place_.data() + begin, y, rows, z, loss);
    }
  }

  /// Model i, whose margins are `stride` apart from row to row.
  template <class X>
  void add_curvature(const PanelOfRows<X>& panel, Index i, const double* z, Index stride,
                     Partial& sum, Workspace& workspace) const {
    const Index c = m_.outputs;
    const math::Panel mean(workspace.doubles(means, m_.panel_rows * c), panel.x.rows, c);
    for (Index r = 0; r < panel.x.rows; ++r) std::copy_n(z + r * stride, c, mean.row(r));
    switch (m_.loss) {
      case GlmLoss::logistic:
        math::sigmoid(mean);
        break;
      case GlmLoss::multinomial:
        math::softmax(mean, c);
        break;
      case GlmLoss::tweedie:
        math::tweedie_curvature(tweedie_[static_cast<std::size_t>(i)],
                                point(i).care == math::Care::cautious, mean.data, panel.y,
                                mean.rows, mean.data);
        break;
      case GlmLoss::hinge:
        math::squared_hinge_curvature(place_[static_cast<std::size_t>(i)], mean.data, panel.y,
                                      mean.rows, mean.data);
        break;
      case GlmLoss::tube:
        math::squared_tube_curvature(place_[static_cast<std::size_t>(i)], mean.data, panel.y,
                                     mean.rows, mean.data);
        break;
    }
    add_pairs(panel, mean, i, sum, workspace);
  }

  /// Of the loss of an output by its margin, without its sign. A cautious one is no smaller than
  /// the residual: where the loss is steep, its curvature grows on the way, and a step stays
  /// near 1.
  double second_derivative(double p, double q, double y, math::Care care) const {
    const bool is_of_means = m_.loss == GlmLoss::logistic || m_.loss == GlmLoss::multinomial;
    if (!is_of_means) return p;  // that is what the kernel gave
    const double second = p * q;
    if (care != math::Care::cautious || m_.loss == GlmLoss::multinomial) return second;
    return std::min(0.25, std::fabs(y - p));
  }

  /// Adds X' diag(v h) X for every pair of outputs, h being the second derivative of the loss,
  /// without its sign.
  template <class X>
  void add_pairs(const PanelOfRows<X>& panel, math::ConstPanel mean, Index i, Partial& sum,
                 Workspace& workspace) const {
    if constexpr (is_sparse<X>) {
      if (!math::has_few_products(panel.x, m_.columns())) {
        const PanelOfRows<math::ConstPanel> dense{written_out(panel.x, workspace), panel.y,
                                                  panel.weights};
        return add_pairs(dense, mean, i, sum, workspace);
      }
    }
    double* h = workspace.doubles(factors, m_.panel_rows);
    Index run = runs(i).matrices();
    for (Index a = 0; a < m_.outputs; ++a) {
      for (Index b = a; b < m_.outputs; ++b, ++run) {
        for (Index r = 0; r < panel.x.rows; ++r) {
          const double v = panel.weights.of(r, group(i));
          const double p = mean.row(r)[a];
          const double q = a == b ? 1.0 - p : mean.row(r)[b];
          const double second = second_derivative(p, q, panel.y[r], point(i).care);
          h[r] = v == 0.0 ? 0.0 : second * v;
        }
        add_gram(panel.x, h, sum[run].data());
      }
    }
  }

  template <class T>
  static void add_gram(math::ConstPanelOf<T> x, const double* h, double* gram) {
    const math::ExtraColumn one;
    math::gram_add({x, h, nullptr, {&one, 1}}, gram);
  }
  template <class T>
  void add_gram(math::SparsePanelOf<T> x, const double* h, double* gram) const {
    math::gram_add(x, m_.columns(), h, gram);
  }

  template <class T>
  math::ConstPanel written_out(math::SparsePanelOf<T> x, Workspace& workspace) const {
    const math::Panel to(workspace.doubles(shifted, m_.panel_rows * m_.columns()), x.rows,
                         m_.columns());
    math::write_out(x, to);
    return to;
  }

  const GlmObjective::Runs& runs(Index i) const { return runs_[static_cast<std::size_t>(i)]; }

  const GlmMoments& m_;
  std::span<const GlmPoint> points_;
  std::size_t level_;
  std::vector<GlmObjective::Runs> runs_;  ///< of each point
  GlmGroups groups_;
  std::vector<std::int32_t> group_;  ///< of each point
  std::vector<math::TweedieLoss> tweedie_;
  std::vector<double> place_;
  SumShape shape_;
  Matrix weights_;
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> float_weights_;
  Eigen::VectorXf float_shift_;  ///< columns x outputs of all points
  Vector start_;
  bool shifts_ = false;
};

}  // namespace

std::vector<std::optional<math::Evaluation>> evaluate_glm(Engine& engine, const Table& table,
                                                          const GlmMoments& moments,
                                                          std::span<const GlmPoint> points,
                                                          std::size_t level) {
  GlmPass pass(moments, points, level);
  const Index stride = moments.splits.front().levels[level].block_stride;
  const Totals totals =
      engine.superstep(table.every(stride), pass.shape(), std::cref(pass), Overflow::report);
  std::vector<std::optional<math::Evaluation>> evaluations;
  for (std::size_t i = 0; i < points.size(); ++i) {
    evaluations.push_back(pass.evaluation(totals, i));
  }
  return evaluations;
}

}  // namespace superstep
