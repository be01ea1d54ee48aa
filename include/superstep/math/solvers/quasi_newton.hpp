// SPDX-License-Identifier: BSD-3-Clause
// Minimises F(t) = f(t) + sum_j l1_j |t_j| with f convex and smooth, when a look at f is a pass
// over the data and second derivatives are to be had in the same pass, exactly or from a sample of
// the rows.
//
// A step minimises the quadratic model of f plus the penalty. Its matrix is the last curvature that
// was given, corrected by what the steps since then taught (BFGS: exact second derivatives make
// this Newton's method, sampled or bounded ones L-BFGS with a preconditioner). New curvature is
// asked for as long as the model and the gradient disagree. With a penalty this is a proximal
// quasi-Newton method (Lee, Sun and Saunders 2014).
//
// Where a whole step is no way down, second derivatives of all rows are asked for at the point
// itself, and such as keep steps short where f is steeper than its curvature says (Care::cautious):
// a sample may have missed a rare column, and an exponential may lie far below its counts. After
// some whole steps Newton's own are tried again. Looks at f are bounded: most_looks(max_iter).
//
// The solver computes nothing from data: the caller evaluates the trial point and tells.
#pragma once

#include <functional>
#include <limits>
#include <optional>

#include <superstep/math/solvers/curvature.hpp>

namespace superstep::math {

/// What a pass over the data says about a point.
struct Evaluation {
  double value =
      std::numeric_limits<double>::infinity();  ///< f; infinite: the point is out of reach
  Vector gradient;                              ///< of f
  std::optional<Curvature> curvature{};         ///< where it was asked for
};

enum class Stop {
  running,
  converged,   ///< every entry of the gradient is within its tolerance
  iterations,  ///< max_iter steps were taken
  stalled,     ///< double precision shows no way down
};

/// What second derivatives a solver asks for.
enum class Care {
  usual,     ///< a sample of the rows will do
  exact,     ///< of all rows
  cautious,  ///< of all rows, and no smaller than what keeps a step from going too far
};

class QuasiNewton {
 public:
  /// No more looks at f than this end in so many steps, whatever f is.
  static Index most_looks(Index max_iter) { return 2 * max_iter + 20; }

  struct Options {
    Vector l1;         ///< one a parameter, >= 0
    Vector tolerance;  ///< of each entry of the (least sub-)gradient
    /// Times the root of F it is added to the tolerance; empty: nothing is.
    Vector rounding{};
    /// The part of F that is not worth a look: where the model promises that after its next step no
    /// more than that is left to gain, that step is the last and is not looked at. Zero: never.
    double negligible = 0.0;
    /// The part of F that is not worth a step: where the model promises no more, it ends. Zero:
    /// never.
    double worthless = 0.0;
    /// What F is the difference of may be larger than F: rounding is a part of that, at least.
    double magnitude = 0.0;
    /// Differences of F below this part of F are rounding.
    double value_noise = 1e-13;
    Index max_iter = 100;
    /// The gradient in the coordinates it is tested in; must leave the parameters with l1_j > 0 as
    /// they are. Empty: those it comes in.
    std::function<Vector(const Vector&)> tested_gradient{};
    /// Whether asking for curvature is any use. Without, the first one is rescaled from step to
    /// step.
    bool curvature_on_demand = true;
  };

  /// Begins at a point that was evaluated, its curvature included.
  QuasiNewton(Options options, Vector start, Evaluation at_start);

  /// Where max_iter ended it: goes on as it would have done with this larger one.
  void go_on(Index max_iter);
  /// f was a sample of what is meant; from now on it is told better, or exactly. The next trial is
  /// where the steps so far led; what is told of it is taken as it is, and steps are counted from
  /// there. What was learnt of the curvature is kept until it is told anew.
  void look_closer(Index max_iter, bool asks_for_curvature);
  Stop state() const { return state_; }
  bool is_done() const { return state_ != Stop::running; }
  /// Where f is to be evaluated next.
  const Vector& trial() const { return trial_; }
  /// Whether the next evaluation should bring the curvature at the trial point.
  bool wants_curvature() const { return wants_curvature_; }
  Care care() const { return care_; }
  void tell(Evaluation at_trial);

  /// Whether the next look is expected to find that the trial is where it ends.
  bool may_end() const;

  const Vector& point() const { return point_; }
  Index iterations() const { return iterations_; }
  /// What the model of F promises for a whole step from point().
  double promised() const { return -0.5 * slope_; }
  /// F at point().
  double objective() const { return objective_; }
  /// The largest entry of the tested gradient at point().
  double largest_gradient() const;
  /// All that looks change, of a solver that has begun with the same options but for max_iter,
  /// which is no larger than `most_steps`.
  template <class Archive>
  void fields(Archive& archive, Index most_steps);

 private:
  double penalty(const Vector& point) const;
  Vector least_subgradient(const Vector& gradient, const Vector& point) const;
  double scaled_norm(const Vector& gradient, const Vector& point) const;
  bool is_acceptable(const Evaluation& e, double objective) const;
  void arrive(Evaluation e, double objective);
  void accept(Evaluation e, double objective);
  void reject(double objective);
  void look_at_the_point();
  void choose_care();
  double noise() const;
  void plan();
  double slope_to(const Vector& target) const;
  void start_again();
  Vector tolerance() const;
  bool is_last_step() const;
  bool is_worthless(double gain) const;
  void move_trial();

  Options options_;
  Curvature curvature_;
  Secants secants_;
  Vector point_, gradient_;
  double objective_;
  Vector target_;                 ///< minimum of the model
  double slope_ = 0.0;            ///< what the model's first order promises for the step to target_
  double promised_before_ = 0.0;  ///< for the step before, if it was a whole one; else zero
  double length_ = 1.0;
  Vector trial_;
  bool wants_curvature_;
  bool is_fresh_ =
      true;  ///< no step was taken since the curvature was computed or the memory cleared
  bool is_arriving_ = false;  ///< the next evaluation is of a new f, or of point_ again
  Care care_ = Care::usual;
  bool was_cautious_here_ = false;  ///< point_ was looked at again
  Index whole_steps_ = 0;           ///< with cautious curvature, one after the other
  Index wanted_whole_steps_ = 3;    ///< before Newton's are tried again
  Index looks_ = 0;
  Index iterations_ = 0;
  Stop state_ = Stop::running;
};

template <class Archive>
void QuasiNewton::fields(Archive& archive, Index most_steps) {
  constexpr Index no_end = Index{1} << 40;
  archive.within(state_, Stop::running, Stop::stalled);
  archive.finite(point_);
  archive.finite(gradient_);
  archive.number(objective_);
  archive.within(options_.max_iter, 0, most_steps);
  archive.within(iterations_, 0, no_end);
  archive.within(looks_, 0, no_end);
  // Where nothing can make it go on, nothing more is asked of it.
  if (state_ == Stop::converged || state_ == Stop::stalled) return;
  const Index size = point_.size();
  curvature_.fields(archive, size);
  secants_.fields(archive, size);
  for (Vector* v : {&target_, &trial_}) {
    bool is_there = v->size() > 0;
    archive.flag(is_there);
    v->resize(is_there ? size : 0);
    archive.finite(*v);
  }
  for (double* number : {&slope_, &promised_before_, &length_}) archive.number(*number);
  for (bool* flag : {&wants_curvature_, &is_fresh_, &is_arriving_, &was_cautious_here_}) {
    archive.flag(*flag);
  }
  archive.within(care_, Care::usual, Care::cautious);
  archive.within(whole_steps_, 0, no_end);
  archive.within(wanted_whole_steps_, 1, no_end);
}

}  // namespace superstep::math
