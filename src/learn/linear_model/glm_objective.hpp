// SPDX-License-Identifier: BSD-3-Clause
// The objective of one model between solver and kernels. The solver works around the mean m of the
// columns, where coefficients and intercept hardly disturb each other: parameters [w_k | c_k] for
// each output k, z_k = (x - m) w_k + c_k. The kernels take x - s, with s zero unless a column's
// mean is large beside its spread: z_k = (x - s) w_k + b_k.
#pragma once

#include "learn/linear_model/glm.hpp"

namespace superstep {

class GlmObjective {
 public:
  GlmObjective(const GlmMoments& moments, const GlmTask& task);

  const GlmTask& task() const { return task_; }
  Index outputs() const { return m_.outputs; }
  Index columns() const { return m_.columns(); }
  /// Pairs a <= b of outputs, each with its own matrix of second derivatives.
  Index pairs() const { return outputs() * (outputs() + 1) / 2; }
  /// s; all zero where x is taken as it is.
  const Vector& kernel_shift() const { return kernel_shift_; }

  math::QuasiNewton begin() const;
  /// Writes the columns of this model into the batch's weights (columns x models) and start values.
  void write_weights(const Vector& parameters, Index first, Matrix& weights, Vector& start) const;

  /// Adds this model's runs: loss; gradient (outputs x [columns | 1]); one matrix for each pair if
  /// wanted. Returns the number of the first. `slack` widens the bounds that are only expected to
  /// hold.
  Index declare(SumShape& shape, const Vector& parameters, bool curvature, int slack) const;
  Index runs(bool curvature) const { return 2 + (curvature ? pairs() : 0); }
  /// What the finished sums say of the point they were taken at.
  math::Evaluation evaluate(const Totals& totals, Index first_run, const Vector& parameters,
                            bool curvature) const;

  GlmFit finish(const math::QuasiNewton& solver) const;

 private:
  Index width() const { return columns() + (task_.fit_intercept ? 1 : 0); }
  double class_weight(Index part) const;
  Vector start_intercepts() const;
  math::Evaluation evaluate_start(const Vector& intercepts) const;
  math::Curvature start_curvature(const Vector& means) const;
  Matrix around_mean(const Matrix& products, const Vector& offset) const;
  void add_penalty(const Vector& parameters, math::Evaluation& e) const;
  math::QuasiNewton::Options options() const;
  Vector column_bounds() const;
  double margin_bound(const Vector& parameters, const Vector& columns, double weight) const;

  const GlmMoments& m_;
  GlmTask task_;
  double scale_;  ///< a of the objective
  Vector mean_;   ///< m; zero without intercept
  Vector kernel_shift_;
  /// z = (x - s)(w) + b with b = c + offset w: s - m with intercept, s without.
  Vector offset_;
};

}  // namespace superstep
