// SPDX-License-Identifier: BSD-3-Clause
// Generalised linear models with canonical link: minimise over coefficients w and intercepts b
//   a sum_i v_i loss(y_i, x_i w + b) + l2/2 |w|^2 + l1 |w|_1,   v_i = weight_i class_weight[y_i],
// for a batch of settings at once. The first pass gathers class weights, moments and a Gram matrix,
// from which the first step is known; every further pass evaluates one trial point of every model
// that is still running: Z = X W, residuals R, G = X' R in one visit of a block, and second
// derivatives for those that want them.
//
// Per pass and model 4 rows columns outputs flops; second derivatives are summed over a part of the
// rows that keeps their cost at about the same. One allreduce of 16 bytes for each coefficient (and
// each second derivative).
#pragma once

#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/model.hpp>
#include <superstep/math/matrix.hpp>
#include <superstep/math/solvers/quasi_newton.hpp>

namespace superstep {

enum class GlmLoss {
  logistic,     ///< two classes, one output
  multinomial,  ///< an output for each class
  poisson,      ///< counts, log link, one output
};

/// Which rows second derivatives are taken from: every `stride`-th panel of a block, beginning
/// elsewhere in each.
struct RowSample {
  Index panel_rows = 256;
  Index stride = 1;
  bool takes(const Block& block, Index panel) const { return (block.index + panel) % stride == 0; }
};

/// What the first pass tells. A "part" is a class; for counts part 0 weighs rows by w, part 1 by w
/// y.
struct GlmMoments {
  GlmLoss loss = GlmLoss::logistic;
  Index outputs = 1;  ///< linear functions of a model
  Index all_rows = 0;
  Vector shift;                       ///< provisional means of the columns
  std::vector<Index> rows;            ///< of each part, with a weight above zero
  Vector weight;                      ///< of each part
  Matrix sums;                        ///< parts x columns: sum of w (x - shift)
  Matrix squares;                     ///< parts x columns: sum of w (x - shift)^2
  Vector block_weight;                ///< no block has more
  Matrix block_squares;               ///< likewise
  std::vector<int> spread_exponents;  ///< |x - shift| < 2^e, as far as a few blocks tell
  Matrix gram;  ///< estimate of sum w [x - shift | 1]'[x - shift | 1] from the sample; empty if too
                ///< large
  RowSample sample;
  double sample_factor = 1.0;  ///< weight of all rows over that of the sample
  bool is_dense = true;        ///< all second derivatives of a model fit into one matrix

  Index columns() const { return shift.size(); }
  double total_weight() const;
};

/// AgreedError when no row has a weight, or a count is negative. **Collective**, one superstep.
GlmMoments glm_moments(Engine& engine, const Table& table, GlmLoss loss, Index classes);

/// One model of the batch.
struct GlmTask {
  Vector class_weight;  ///< one a class; empty: all 1
  bool fit_intercept = true;
  double l1 = 0.0;
  double l2 = 0.0;
  bool mean_loss = false;  ///< a = 1 / sum of weights, else 1
  double tol = 1e-4;  ///< for the largest entry of the gradient, as scikit-learn's objective has it
  Index max_iter = 100;
};

struct GlmFit {
  Matrix coef;       ///< outputs x columns
  Vector intercept;  ///< outputs
  Index n_iter = 0;
  math::Stop stop = math::Stop::running;
  double gradient = 0.0;  ///< its largest entry
};

/// Trains every task. A fit's bits do not depend on the other tasks. **Collective.**
std::vector<GlmFit> fit_glm(Engine& engine, const Table& table, const GlmMoments& moments,
                            std::span<const GlmTask> tasks);

/// What either needs for one model.
Footprint glm_footprint(GlmLoss loss, Index columns, Index outputs);

/// How the training went, with a sentence on what to try where it did not converge.
FitReport glm_report(const std::string& estimator, const GlmTask& task, const GlmFit& fit);

}  // namespace superstep
