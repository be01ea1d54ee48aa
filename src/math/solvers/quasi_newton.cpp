// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/math/solvers/quasi_newton.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace superstep::math {

namespace {

constexpr Index secant_memory = 10;
constexpr double sufficient_decrease = 1e-4;
constexpr double shortest_step = 1e-10;
/// The curvature along a step may differ so much from the model's before new curvature is asked
/// for.
constexpr double trusted_mismatch = 0.2;
/// Steps with curvature from a sample, before that of all rows is asked for.
constexpr Index patience = 10;

}  // namespace

QuasiNewton::QuasiNewton(Options options, Vector start, Evaluation at_start)
    : options_(std::move(options)),
      curvature_(std::move(at_start.curvature.value())),
      secants_(secant_memory),
      point_(std::move(start)),
      gradient_(std::move(at_start.gradient)),
      objective_(at_start.value + penalty(point_)),
      wants_curvature_(options_.curvature_on_demand) {
  plan();
}

void QuasiNewton::go_on(Index max_iter) {
  options_.max_iter = max_iter;
  if (state_ != Stop::iterations) return;
  state_ = Stop::running;
  plan();
}

void QuasiNewton::look_closer(Index max_iter, bool asks_for_curvature) {
  wants_curvature_ = options_.curvature_on_demand && asks_for_curvature;
  trial_ = state_ == Stop::running && length_ == 1.0 ? target_ : point_;
  options_.max_iter = max_iter;
  iterations_ = 0;
  looks_ = 0;
  was_cautious_here_ = false;
  slope_ = 0.0;
  is_arriving_ = true;
  is_fresh_ = false;
  state_ = Stop::running;
}

double QuasiNewton::penalty(const Vector& point) const { return options_.l1.dot(point.cwiseAbs()); }

Vector QuasiNewton::least_subgradient(const Vector& gradient, const Vector& point) const {
  Vector h = gradient;
  for (Index j = 0; j < h.size(); ++j) {
    const double l1 = options_.l1[j];
    if (l1 == 0.0) continue;
    if (point[j] != 0.0) {
      h[j] += std::copysign(l1, point[j]);
    } else {
      h[j] = std::copysign(std::max(0.0, std::fabs(h[j]) - l1), h[j]);
    }
  }
  return h;
}

double QuasiNewton::scaled_norm(const Vector& gradient, const Vector& point) const {
  const Vector h = least_subgradient(gradient, point);
  double sum = 0.0;
  for (Index j = 0; j < h.size(); ++j) sum += h[j] * h[j] / curvature_.at(j);
  return sum;
}

Vector QuasiNewton::tolerance() const {
  if (options_.rounding.size() == 0) return options_.tolerance;
  return options_.tolerance + std::sqrt(std::fabs(objective_)) * options_.rounding;
}

double QuasiNewton::largest_gradient() const {
  const Vector tested = options_.tested_gradient ? options_.tested_gradient(gradient_) : gradient_;
  return least_subgradient(tested, point_).cwiseAbs().maxCoeff();
}

// Chooses the next step, or finds that none is needed.
void QuasiNewton::plan() {
  const Vector tested = options_.tested_gradient ? options_.tested_gradient(gradient_) : gradient_;
  const Vector h = least_subgradient(tested, point_);
  if ((h.array().abs() <= tolerance().array()).all()) {
    state_ = Stop::converged;
    return;
  }
  if (iterations_ >= options_.max_iter || looks_ >= most_looks(options_.max_iter)) {
    state_ = Stop::iterations;
    return;
  }
  if (options_.l1.isZero(0.0)) {
    target_ = point_ - secants_.solve(curvature_, gradient_);
  } else {
    target_ = minimise_quadratic_l1(curvature_, secants_, gradient_, point_, options_.l1);
  }
  promised_before_ = length_ == 1.0 ? promised() : 0.0;
  slope_ = slope_to(target_);
  length_ = 1.0;
  move_trial();
  if (is_worthless(promised())) {
    state_ = Stop::converged;
    return;
  }
  if (is_last_step()) {
    point_ = target_;
    objective_ -= promised();
    ++iterations_;
    state_ = Stop::converged;
    return;
  }
  if (!(slope_ < 0.0) || !target_.allFinite()) start_again();
}

// What the model promised for the last step and for this one tells how much nearer a step comes.
bool QuasiNewton::is_last_step() const {
  if (!(promised() > 0.0) || !(promised() < 0.1 * promised_before_) || !target_.allFinite()) {
    return false;
  }
  const double left = promised() * (promised() / promised_before_);
  return left <= options_.negligible * std::fabs(objective_);
}

bool QuasiNewton::is_worthless(double gain) const {
  return gain > 0.0 && gain <= options_.worthless * std::fabs(objective_);
}

// The gradient is expected to shrink as it did with the step before, as far as the model's promises
// tell.
bool QuasiNewton::may_end() const {
  if (is_done() || is_arriving_ || length_ < 1.0) return false;
  if (iterations_ + 1 >= options_.max_iter) return true;
  if (!(promised_before_ > 0.0) || !(promised() > 0.0)) return false;
  if (is_worthless(promised() * (promised() / promised_before_))) return true;
  const double shrinks = std::sqrt(promised() / promised_before_);
  const Vector tested = options_.tested_gradient ? options_.tested_gradient(gradient_) : gradient_;
  const Vector h = least_subgradient(tested, point_);
  return (shrinks * h.array().abs() <= tolerance().array()).all();
}

// Entry by entry, so that a small slope is not the difference of large penalties.
double QuasiNewton::slope_to(const Vector& target) const {
  double slope = 0.0;
  for (Index j = 0; j < target.size(); ++j) {
    const double step = target[j] - point_[j];
    const double l1 = options_.l1[j];
    const bool keeps_sign = target[j] * point_[j] > 0.0;
    slope += keeps_sign ? step * (gradient_[j] + std::copysign(l1, point_[j]))
                        : step * gradient_[j] + l1 * (std::fabs(target[j]) - std::fabs(point_[j]));
  }
  return slope;
}

// What the last steps taught may have been rounding; the curvature alone always shows a way down.
void QuasiNewton::start_again() {
  if (is_fresh_) {
    state_ = Stop::stalled;
    return;
  }
  secants_.clear();
  curvature_.set_scale(1.0);
  is_fresh_ = true;
  wants_curvature_ = options_.curvature_on_demand;
  plan();
}

void QuasiNewton::move_trial() {
  // At full length the target itself, so that its zeros stay exactly zero.
  trial_ = length_ == 1.0 ? target_ : point_ + length_ * (target_ - point_);
}

void QuasiNewton::tell(Evaluation at_trial) {
  ++looks_;
  const double objective = at_trial.value + penalty(trial_);
  if (is_arriving_) {
    arrive(std::move(at_trial), objective);
  } else if (is_acceptable(at_trial, objective)) {
    accept(std::move(at_trial), objective);
  } else {
    reject(objective);
  }
}

double QuasiNewton::noise() const {
  return options_.value_noise * std::max(std::fabs(objective_), options_.magnitude);
}

bool QuasiNewton::is_acceptable(const Evaluation& e, double objective) const {
  if (!std::isfinite(objective) || !e.gradient.allFinite()) return false;
  if (-slope_ * length_ > 4.0 * noise()) {
    return objective <= objective_ + sufficient_decrease * length_ * slope_;
  }
  // The values cannot tell any more; the gradients can.
  return objective <= objective_ + noise() &&
         scaled_norm(e.gradient, trial_) < 0.9 * scaled_norm(gradient_, point_);
}

void QuasiNewton::arrive(Evaluation e, double objective) {
  is_arriving_ = false;
  point_ = trial_;
  gradient_ = std::move(e.gradient);
  objective_ = objective;
  is_fresh_ = e.curvature.has_value();
  if (e.curvature) {
    curvature_ = std::move(*e.curvature);
    secants_.clear();
  }
  wants_curvature_ = care_ == Care::cautious;
  plan();
}

void QuasiNewton::accept(Evaluation e, double objective) {
  Vector s = trial_ - point_;
  Vector y = e.gradient - gradient_;
  point_ = trial_;
  gradient_ = std::move(e.gradient);
  objective_ = objective;
  ++iterations_;
  was_cautious_here_ = false;
  is_fresh_ = e.curvature.has_value();
  const double sy = s.dot(y);
  // Before the new pair corrects it: what does the model say of this step?
  const double expected = s.dot(curvature_.times(s));
  wants_curvature_ = options_.curvature_on_demand &&
                     (length_ < 1.0 || !(std::fabs(sy - expected) <= trusted_mismatch * expected));
  choose_care();
  if (e.curvature) {
    curvature_ = std::move(*e.curvature);
    secants_.clear();
  } else if (sy > 1e-14 * s.norm() * y.norm()) {
    secants_.add(std::move(s), std::move(y));
    if (!options_.curvature_on_demand) {
      curvature_.set_scale(1.0);
      curvature_.set_scale(1.0 / std::clamp(secants_.newest_scale(curvature_), 1e-100, 1e100));
    }
  }
  plan();
}

// Cautious steps come near, Newton's arrive. A sample that has led so long a way has missed
// something.
void QuasiNewton::choose_care() {
  if (care_ == Care::usual && options_.curvature_on_demand && iterations_ >= patience) {
    care_ = Care::exact;
    wants_curvature_ = true;
  }
  if (care_ != Care::cautious) return;
  whole_steps_ = length_ == 1.0 ? whole_steps_ + 1 : 0;
  wants_curvature_ = true;
  if (whole_steps_ < wanted_whole_steps_) return;
  care_ = Care::exact;
  wanted_whole_steps_ *= 2;
}

// The same point again, for curvature that keeps steps within reach.
void QuasiNewton::look_at_the_point() {
  was_cautious_here_ = true;
  care_ = Care::cautious;
  whole_steps_ = 0;
  wants_curvature_ = true;
  is_arriving_ = true;
  trial_ = point_;
}

void QuasiNewton::reject(double objective) {
  if (looks_ >= most_looks(options_.max_iter)) {
    state_ = Stop::iterations;
    return;
  }
  if (options_.curvature_on_demand && !was_cautious_here_) {
    look_at_the_point();
    return;
  }
  // The minimum of the parabola through both values with the slope at the point, kept within
  // reason.
  double shorter = 0.1 * length_;
  if (std::isfinite(objective)) {
    const double rise = objective - objective_ - length_ * slope_;
    const double lowest = rise > 0.0 ? -slope_ * length_ * length_ / (2.0 * rise) : length_;
    shorter = std::clamp(lowest, 0.1 * length_, 0.5 * length_);
  }
  length_ = shorter;
  const bool unresolved = -slope_ * length_ <= noise() && length_ < 0.01;
  if (length_ < shortest_step || unresolved) {
    start_again();
    return;
  }
  move_trial();
}

}  // namespace superstep::math
