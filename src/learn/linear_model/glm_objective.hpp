// SPDX-License-Identifier: BSD-3-Clause
// The objective of one model between solver and kernels. The solver works behind the model's map y
// = f(x), around the mean m of y, where coefficients and intercept hardly disturb each other:
// parameters [w_k | c_k] for each output k, z_k = (y - m) w_k + c_k. The kernels take x - s, with s
// zero unless a column's mean is large beside its spread: z_k = (x - s) u_k + b_k with u = W w, the
// map being y = (x - centre) W + offset; W is the unit matrix without a map.
#pragma once

#include <algorithm>

#include "learn/linear_model/glm.hpp"

namespace superstep {

class GlmObjective {
 public:
  GlmObjective(const GlmMoments& moments, const GlmTask& task);

  const GlmTask& task() const { return task_; }
  const GlmRows& rows() const { return rows_; }
  Index outputs() const { return m_.outputs; }
  /// Pairs a <= b of outputs, each with its own matrix of second derivatives.
  Index pairs() const { return outputs() * (outputs() + 1) / 2; }

  /// Whether nothing is known of the start but where it is: the first look tells. Its gradient is
  /// zero until then.
  bool begins_unseen() const { return m_.loss == GlmLoss::tube || !rows_.has_sums_of_parts(); }
  /// A solver at the start, for the task's steps or so many.
  math::QuasiNewton begin() const { return begin(task_.max_iter); }
  math::QuasiNewton begin(Index max_iter) const;
  /// Writes the columns of this model into the batch's weights (columns x models) and start values.
  void write_weights(const Vector& parameters, Index first, Matrix& weights, Vector& start) const;

  /// The runs of a model: loss; one matrix for each pair of outputs behind it, if wanted; gradient
  /// (outputs x [columns | 1]), which lies in a panel with those of the others.
  struct Runs {
    Index loss = 0;
    Index gradient = 0;
    Index matrices() const { return loss + 1; }
  };
  /// Adds its runs but for the gradient, whose exponents it gives: [columns | 1]. `slack` widens
  /// the bounds that are only expected to hold.
  std::vector<int> declare(SumShape& shape, const Vector& parameters, bool curvature, int slack,
                           Runs& runs) const;
  /// What the finished sums over a level's blocks say of the point they were taken at.
  math::Evaluation evaluate(const Totals& totals, const Runs& runs, const Vector& parameters,
                            bool curvature, std::size_t level, bool of_all_rows) const;
  /// Going further down than this on the rows of a level brings the optimum of all rows no nearer.
  double resolution(std::size_t level, double objective) const;

  /// Whether a loss beyond its bound means that the point is no way down, whatever it is.
  bool bounds_the_loss() const { return !is_tweedie() || tweedie().is_convex(); }

  /// The fit at this point.
  GlmFit finish(const math::QuasiNewton& solver, const Vector& point) const;

 private:
  Index columns() const { return m_.columns(); }
  Index columns_behind() const { return mean_.size(); }
  /// Parameters of an output.
  Index width() const { return columns_behind() + (task_.fit_intercept ? 1 : 0); }
  bool is_tweedie() const { return m_.loss == GlmLoss::tweedie; }
  bool has_hinge() const { return is_hinged(m_.loss); }
  const math::TweedieLoss& tweedie() const { return task_.tweedie; }
  /// The parts that a gradient's size is told by, and what a row of each counts there: classes by
  /// their weights; of a Tweedie loss the part of mu^a or of y mu^b, at the mean target.
  Index first_part() const { return is_tweedie() && tweedie().power < 2.0 ? 1 : 0; }
  Index end_part() const { return is_tweedie() ? first_part() + 1 : rows_.parts(); }
  double part_weight(Index part) const;
  /// Calls f(row of the columns' sums, what a row of data counts there at most, weight of these)
  /// for those parts.
  template <class F>
  void each_part_of_sums(F&& f) const {
    if (rows_.has_sums_of_parts()) {
      for (Index part = first_part(); part < end_part(); ++part) {
        f(part, part_weight(part), rows_.weight[part], rows_.block_weight[part]);
      }
      return;
    }
    double most = 0.0;
    for (Index part = 0; part < rows_.parts(); ++part) most = std::max(most, part_weight(part));
    f(Index{0}, most, rows_.weight.sum(), rows_.block_weight.maxCoeff());
  }
  /// Rows are counted in the parts before.
  Index end_of_rows() const { return is_tweedie() ? 1 : rows_.parts(); }
  /// Likewise, of the rows of the columns' sums.
  Index end_of_sums() const { return is_tweedie() ? 1 : rows_.sums.rows(); }

  void find_mean();
  Vector behind(const Vector& in_front) const;
  Vector magnitude_behind(const Vector& in_front) const;
  Vector squared_behind(const Vector& in_front) const;
  Matrix around_mean(const Matrix& products, const Vector& offset) const;

  Vector start_intercepts() const;
  math::Evaluation evaluate_start(const Vector& intercepts) const;
  math::Curvature start_curvature(const Vector& intercepts, const Vector& means) const;
  math::Curvature diagonal_curvature(double factor) const;
  Vector squares_behind(Index first_part, Index last_part) const;
  void fill_up(Matrix& block, double factor) const;
  void add_penalty(const Vector& parameters, math::Evaluation& e) const;
  /// Of an output; its second derivatives are added to the matrix of one.
  double intercept_of(const Vector& parameters, Index output) const;
  void add_intercept_curvature(Matrix& all) const;
  /// Bounds of what a block adds up.
  struct Bounds {
    double loss;
    double residuals;  ///< root of the sum of v residual^2
  };
  Bounds hinge_bounds(const Vector& parameters) const;
  /// Of a residual, as a rule; of a hinge by the root of the objective.
  double residual_size() const;
  Vector intercept_rounding() const;
  Vector rounding() const;
  math::QuasiNewton::Options options(Index max_iter) const;

  struct Line {
    Vector weights;
    double constant;
  };
  Line line(const Vector& parameters, Index output) const;
  double margin_bound(const Vector& parameters) const;
  double expected_means() const;

  const GlmMoments& m_;
  const GlmRows& rows_;
  GlmTask task_;
  double scale_;                 ///< a of the objective
  double typical_margin_ = 0.0;  ///< of a Tweedie loss: that of the mean target
  double weight_ = 0.0;          ///< of all rows
  /// Of each level: weight of all rows over that of its own, and of those that second derivatives
  /// come from.
  std::vector<double> level_factor_, sample_factor_;
  Vector mean_;                ///< m; zero without intercept
  Vector offset_;              ///< y - m = (x - s) W + offset
  Vector shift_offset_;        ///< y - m = (x - shift) W + shift_offset
  double block_weight_ = 0.0;  ///< no block's sum of v is larger
  Vector block_squares_;       ///< nor that of v (x_j - s_j)^2
};

}  // namespace superstep
