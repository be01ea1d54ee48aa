// SPDX-License-Identifier: BSD-3-Clause
// Generalised linear models: minimise over coefficients w and intercepts b
//   a sum_i v_i loss(y_i, f(x_i) w + b) + l2/2 |w|^2 + l1 |w|_1,   v_i = weight_i
//   class_weight[y_i],
// for a batch of settings, splits (only training rows count) and affine maps f at once. The first
// pass gathers class weights and moments for each cell of the partitions and a Gram matrix, from
// which the first step is known; every further pass evaluates one trial point of every model that
// is still running: Z = X W, residuals R, G = X' R in one visit of a block, and second derivatives
// for those that want them. Passes over few blocks, then over more, bring the models as near the
// optimum as so many rows can tell, so that a few passes over all blocks are left. Maps are folded
// into W, G and the second derivatives, so the products are those of the raw rows.
//
// Per pass and model 4 rows columns outputs flops; second derivatives are summed over a part of the
// rows that keeps their cost below that. One allreduce of 16 bytes for each coefficient (and each
// second derivative).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>
#include <superstep/learn/model.hpp>
#include <superstep/math/links.hpp>
#include <superstep/math/matrix.hpp>
#include <superstep/math/solvers/quasi_newton.hpp>

namespace superstep {

enum class GlmLoss {
  logistic,     ///< two classes, one output
  multinomial,  ///< an output for each class
  tweedie,      ///< targets >= 0, log link, one output; the task has the power
  hinge,        ///< squared, one class beside all others, one output; the task has which
  tube,         ///< squared, of targets that z may miss by so much, one output; the task has it
};
/// Those of support vector machines.
constexpr bool is_hinged(GlmLoss loss) { return loss == GlmLoss::hinge || loss == GlmLoss::tube; }
/// Whether targets are class codes.
constexpr bool takes_classes(GlmLoss loss) {
  return loss != GlmLoss::tweedie && loss != GlmLoss::tube;
}

/// Which rows second derivatives are taken from: every `stride`-th panel of a block, beginning
/// elsewhere in each.
struct RowSample {
  Index panel_rows = 256;
  Index stride = 1;
  Index block_stride = 1;  ///< of the blocks that are visited
  bool takes(const Block& block, Index panel) const {
    return (block.position / block_stride + panel) % stride == 0;
  }
};

/// A model is trained on few blocks first, then on more, then on all. What a level has of the
/// training rows of a split.
struct GlmLevel {
  Index block_stride = 1;   ///< every so-manyth block; 1: the last level
  bool is_trusted = true;   ///< has rows enough to say where the optimum is, roughly
  std::vector<Index> rows;  ///< of each part, with a weight above zero
  Vector weight;            ///< of each part
  RowSample sample;         ///< where second derivatives come from
  Vector sampled_weight;    ///< of each part
};

/// What the first pass tells of the training rows of one split. A "part" is a class; of a Tweedie
/// loss part 0 weighs rows by w, part 1 by w y: whatever its power. Of a tube there is one part.
struct GlmRows {
  SplitPtr split;           ///< null: all rows
  std::vector<Index> rows;  ///< of each part, with a weight above zero
  Vector weight;            ///< of each part
  /// Parts x columns: sum of w (x - shift). Of many columns one row, for all classes together
  /// (sums_parts): what it takes grows with both.
  Matrix sums;
  Matrix squares;                ///< likewise: sum of w (x - shift)^2
  Vector block_weight;           ///< no block has more
  Matrix block_squares;          ///< likewise
  std::vector<GlmLevel> levels;  ///< the same strides for all splits
  Index negative = 0, zero = 0;  ///< rows with such a target, where part 1 weighs by it
  bool is_dense = true;          ///< all second derivatives of a model fit into one matrix

  Index parts() const { return weight.size(); }
  bool has_sums_of_parts() const { return sums.rows() == parts(); }
};
/// How many rows such sums have, of so many parts.
Index sums_parts(GlmLoss loss, Index columns, Index parts);

struct GlmMoments {
  GlmLoss loss = GlmLoss::logistic;
  Index outputs = 1;       ///< linear functions of a model
  Index panel_rows = 1;    ///< rows that stay near the core
  Vector shift;            ///< provisional means of the columns
  Vector kernel_shift;     ///< what the kernels subtract: zero where x is taken as it is
  bool in_floats = false;  ///< products are computed in single precision
  /// Rows are read as sparse ones, around zero.
  bool is_sparse = false;
  std::vector<int> spread_exponents;  ///< |x - shift| < 2^e, as far as a few blocks tell
  /// Of a tube: the mean square of the targets, and what no block's sum of w y^2 is beyond.
  double target_square = 0.0, block_target_squares = 0.0;
  Matrix gram;  ///< mean over all rows of w [x - shift | 1]'[x - shift | 1] / mean w, from a
                ///< sample; empty if too large
  std::vector<GlmRows> splits;

  Index columns() const { return shift.size(); }
  /// Of the rows the split trains on.
  double total_weight(const GlmRows& rows) const;
  const GlmRows& of(const SplitPtr& split) const;
};

/// `splits`: those of the batch, repeated or not. AgreedError when no row of a split has a weight.
/// **Collective**, one superstep.
GlmMoments glm_moments(Engine& engine, const Table& table, GlmLoss loss, Index classes,
                       std::span<const SplitPtr> splits);

/// AgreedError unless a split trains on rows of two classes at least.
void require_classes(const Table& table, const Labels& classes, const GlmRows& trained);

/// Moments that were gathered before what they are for was known (Estimator::gather).
struct GatheredGlm : StageState {
  explicit GatheredGlm(GlmMoments moments_) : moments(std::move(moments_)) {}
  GlmMoments moments;
};
/// What was gathered, if anything; else glm_moments. The bits are the same. **Collective.**
std::shared_ptr<const GlmMoments> glm_moments_for(
    Engine& engine, const Table& table, GlmLoss loss, Index classes,
    std::span<const SplitPtr> splits, const std::shared_ptr<const StageState>& gathered);

/// One model of the batch.
struct GlmTask {
  SplitPtr split;               ///< trains on its training rows; null: all
  AffineMapPtr features;        ///< the rows are seen through it; null: as they are
  Vector class_weight;          ///< one a class; empty: all 1
  math::TweedieLoss tweedie{};  ///< where that is the loss
  double place = 1.0;           ///< of a hinge: the class; of a tube: half its width
  bool fit_intercept = true;
  double l1 = 0.0;
  double l2 = 0.0;
  double intercept_l2 = 0.0;  ///< its half times b^2 is added, b the intercept behind the map
  bool mean_loss = false;     ///< a = 1 / sum of weights, else 1
  /// For the largest entry of the gradient, as scikit-learn's objective has it; of support vector
  /// machines for what a step promises to gain, in millionths of the objective.
  double tol = 1e-4;
  Index max_iter = 100;
  std::shared_ptr<const StageState> resume{};  ///< of an earlier fit with fewer steps
};

struct GlmFit {
  Matrix coef;       ///< outputs x columns behind the map
  Vector intercept;  ///< outputs
  Index n_iter = 0;
  math::Stop stop = math::Stop::running;
  double gradient = 0.0;  ///< its largest entry
  std::shared_ptr<const StageState> state{};
  std::shared_ptr<const MetricStatistics> held_out{};  ///< where they were judged on the way
};

/// How the models of a batch are judged in the look that is expected to be the last one of all of
/// them; no judge: not here.
struct GlmJudging {
  const HeldOutJudge* judge = nullptr;
  /// What is judged of the task of this number.
  std::function<HeldOutJudge::Subject(std::size_t task, const GlmFit& fit)> subject{};
};

/// Trains every task. A fit's bits do not depend on the other tasks. **Collective.**
std::vector<GlmFit> fit_glm(Engine& engine, const Table& table, const GlmMoments& moments,
                            std::span<const GlmTask> tasks, const GlmJudging& judging = {});

/// What either needs for so many models of a batch. `outputs`: linear functions of a candidate.
Footprint glm_footprint(GlmLoss loss, Index columns, Index outputs,
                        std::span<const Candidate> batch);

/// How the training went, with a sentence on what to try where it did not converge.
FitReport glm_report(const std::string& estimator, const GlmTask& task, const GlmFit& fit);

/// What fitting so many outputs costs, with at most so many steps.
TrainingCost glm_cost(Index columns, Index outputs, Index max_iter);

}  // namespace superstep
