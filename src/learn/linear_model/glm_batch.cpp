// SPDX-License-Identifier: BSD-3-Clause
// The batch: every model that is still running takes its next step, until none does.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include <superstep/core/error.hpp>
#include <superstep/engine/kept.hpp>

#include "learn/linear_model/glm_pass.hpp"
#include "learn/linear_model/glm_sample.hpp"

namespace superstep {

namespace {

/// Steps on a level that is not the last: enough to go from anywhere to its optimum.
constexpr Index most_steps_on_a_sample = 30;

/// Bits by which bounds that are only expected to hold are widened, at most.
constexpr int most_slack = 48;

/// Where a model's solver stood when its fit ended.
struct GlmState : StageState {
  GlmState(math::QuasiNewton solver_, int slack_) : solver(std::move(solver_)), slack(slack_) {}
  math::QuasiNewton solver;
  int slack;
};

/// A model that is being trained.
struct Runner {
  Runner(const GlmMoments& moments, const GlmTask& task)
      : objective(moments, task),
        solver(objective.begin()),
        last(objective.rows().levels.size() - 1) {
    if (const auto* earlier = dynamic_cast<const GlmState*>(task.resume.get())) {
      solver = earlier->solver;
      solver.go_on(task.max_iter);
      slack = held = earlier->slack;
      level = last;
      return;
    }
    level = solver.is_done() && !objective.begins_unseen() ? last : next_level(0);
    if (level < last || objective.begins_unseen()) begin();
    at_start = objective.begins_unseen() ? std::numeric_limits<double>::max() : solver.objective();
  }

  /// At the start, on this level.
  void begin() {
    const Index steps = level == last ? objective.task().max_iter : most_steps_on_a_sample;
    solver = objective.begin(steps);
    if (objective.begins_unseen()) solver.look_closer(steps, true);
  }

  /// The first one from `from` on whose rows tell enough.
  std::size_t next_level(std::size_t from) const {
    while (!objective.rows().levels[from].is_trusted) ++from;
    return from;
  }

  GlmPoint next_point() const {
    return {&objective, &solver.trial(), solver.wants_curvature(), slack, solver.care()};
  }
  bool is_running() const { return !solver.is_done(); }

  void tell(std::optional<math::Evaluation> e) {
    if (arrives && is_astray(e)) {
      level = last;
      arrives = false;
      begin();
      forget_what_was_out_of_reach();
      return;
    }
    if (e) arrives = false;
    step(std::move(e));
    if (level == last) return;
    if (!solver.is_done() && solver.promised() > objective.resolution(level, solver.objective())) {
      return;
    }
    level = next_level(level + 1);
    const bool is_last = level == last;
    solver.look_closer(is_last ? objective.task().max_iter : most_steps_on_a_sample, is_last);
    arrives = true;
  }

  /// Whether the blocks so far have led to a place that is worse than the start, or out of reach.
  bool is_astray(const std::optional<math::Evaluation>& e) const {
    return e ? !(e->value <= at_start) : slack >= most_slack;
  }

  void step(std::optional<math::Evaluation> e) {
    constexpr int step = 24;
    if (e) {
      const Index before = solver.iterations();
      solver.tell(std::move(*e));
      if (solver.iterations() > before) held = slack;
      forget_what_was_out_of_reach();
    } else if (slack < most_slack) {
      slack += step;  // the same point again, with wider bounds
    } else {
      solver.tell({});
      forget_what_was_out_of_reach();
    }
  }

  /// Where wide bounds are how a point is found to be out of reach, they say nothing of others and
  /// would cost digits.
  void forget_what_was_out_of_reach() {
    if (!objective.bounds_the_loss()) slack = held;
  }

  /// What passes change.
  template <class Archive>
  void fields(Archive& archive) {
    solver.fields(archive, std::max(objective.task().max_iter, most_steps_on_a_sample));
    archive.within(slack, 0, 2 * most_slack);
    archive.within(held, 0, 2 * most_slack);
    archive.within(level, 0, last);
    archive.flag(arrives);
    archive.number(at_start);
  }

  /// Where the fit is expected to have ended after the next look at all rows; none: elsewhere.
  const Vector* end() const {
    if (!is_running()) return &solver.point();
    return level == last && solver.may_end() ? &solver.trial() : nullptr;
  }

  GlmObjective objective;
  math::QuasiNewton solver;
  int slack = 0;
  int held = 0;      ///< was enough for the points that were accepted
  std::size_t last;  ///< level of all blocks
  std::size_t level = 0;
  bool arrives = false;   ///< on a level
  double at_start = 0.0;  ///< the objective where training began
  std::shared_ptr<const MetricStatistics> held_out{};
};

/// All models of a batch judged by their held-out rows in the look that is expected to be the last
/// of all of them. Where it was not, they are judged later.
class LastLook {
 public:
  /// `tasks`: the number of each runner's.
  LastLook(Engine& engine, const Table& table, const GlmJudging& judging,
           std::vector<Runner>& runners, std::span<const std::size_t> tasks)
      : engine_(engine), table_(table), judging_(judging), runners_(runners), tasks_(tasks) {}

  bool is_expected() const {
    return judging_.judge != nullptr && tries_ < most_tries &&
           std::ranges::all_of(runners_, [](const Runner& r) { return r.end() != nullptr; }) &&
           judging_.judge->has_room(engine_, table_);
  }
  /// `look`: evaluates those that run and tells them.
  void judge_beside(const std::function<void()>& look) {
    ++tries_;
    std::vector<HeldOutJudge::Subject> subjects;
    std::vector<Vector> ends;
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      const Runner& r = runners_[i];
      ends.push_back(*r.end());
      subjects.push_back(judging_.subject(tasks_[i], r.objective.finish(r.solver, ends.back())));
    }
    judging_.judge->judge_beside(engine_, look, subjects);
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      Runner& r = runners_[i];
      if (!r.is_running() && r.solver.point() == ends[i]) r.held_out = subjects[i].statistics;
    }
  }

 private:
  static constexpr int most_tries = 2;
  Engine& engine_;
  const Table& table_;
  const GlmJudging& judging_;
  std::vector<Runner>& runners_;
  std::span<const std::size_t> tasks_;
  int tries_ = 0;
};

void run(Engine& engine, const Table& table, const GlmMoments& moments,
         std::vector<Runner>& runners, LastLook last_look) {
  const std::size_t levels = moments.splits.front().levels.size();
  std::size_t level = 0;
  const Kept kept(engine, [&](auto& archive) {
    archive.within(level, 0, levels);
    for (Runner& r : runners) r.fields(archive);
  });
  while (level < levels) {
    kept.keep();
    std::vector<Runner*> running;
    std::vector<GlmPoint> points;
    for (Runner& r : runners) {
      if (!r.is_running() || r.level != level) continue;
      running.push_back(&r);
      points.push_back(r.next_point());
    }
    if (running.empty()) {
      ++level;
      continue;
    }
    const Index done =
        std::ranges::count_if(runners, [](const Runner& r) { return !r.is_running(); });
    engine.set_models(done, static_cast<Index>(runners.size()));
    const auto look = [&] {
      auto evaluations = evaluate_glm(engine, table, moments, points, level);
      for (std::size_t i = 0; i < running.size(); ++i) running[i]->tell(std::move(evaluations[i]));
    };
    if (last_look.is_expected()) {
      last_look.judge_beside(look);
    } else {
      look();
    }
  }
  kept.keep();
}

/// Models of the same split and class weights side by side, in the order of their first ones.
std::vector<std::size_t> grouped(std::span<const GlmTask> tasks) {
  std::vector<std::size_t> first(tasks.size()), order(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto alike = [&](const GlmTask& t) {
      return t.split == tasks[i].split && t.class_weight.size() == tasks[i].class_weight.size() &&
             t.class_weight == tasks[i].class_weight;
    };
    first[i] = static_cast<std::size_t>(std::ranges::find_if(tasks, alike) - tasks.begin());
  }
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return first[i]; });
  return order;
}

}  // namespace

std::vector<GlmFit> fit_glm(Engine& engine, const Table& table, const GlmMoments& moments,
                            std::span<const GlmTask> tasks, const GlmJudging& judging) {
  const std::vector<std::size_t> order = grouped(tasks);
  const bool is_dense = std::ranges::any_of(moments.splits, &GlmRows::is_dense);
  const auto most =
      static_cast<std::size_t>(most_together(moments.columns(), moments.outputs, is_dense));
  std::vector<GlmFit> fits(tasks.size());
  for (std::size_t begin = 0; begin < order.size(); begin += most) {
    const std::size_t end = std::min(order.size(), begin + most);
    std::vector<Runner> runners;
    for (std::size_t i = begin; i < end; ++i) runners.emplace_back(moments, tasks[order[i]]);
    run(engine, table, moments, runners,
        {engine, table, judging, runners, std::span(order).subspan(begin, end - begin)});
    for (std::size_t i = begin; i < end; ++i) {
      const Runner& r = runners[i - begin];
      fits[order[i]] = r.objective.finish(r.solver, r.solver.point());
      fits[order[i]].held_out = r.held_out;
      fits[order[i]].state = std::make_shared<GlmState>(r.solver, r.slack);
    }
  }
  return fits;
}

void require_classes(const Table& table, const Labels& classes, const GlmRows& trained) {
  std::vector<Index> present;
  for (Index k = 0; k < classes.size(); ++k) {
    if (trained.rows[static_cast<std::size_t>(k)] > 0) present.push_back(k);
  }
  if (present.size() >= 2) return;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: This solver needs samples of at least 2 classes in the data, but the "
                  "data contains only one class: {}",
                  table.data->y_name(), classes.value(present.front()).repr()));
}

FitReport glm_report(const std::string& estimator, const GlmTask& task, const GlmFit& fit) {
  FitReport report{fit.n_iter, fit.stop == math::Stop::converged, {}};
  if (fit.stop == math::Stop::iterations) {
    report.warnings.push_back(
        fmt::format("{} failed to converge in {} iterations (gradient {:.1e}, tol {:.1e}); "
                    "increase max_iter, or "
                    "scale the columns (StandardScaler)",
                    estimator, fit.n_iter, fit.gradient, task.tol));
  } else if (fit.stop == math::Stop::stalled) {
    report.warnings.push_back(fmt::format(
        "{} stopped after {} iterations at a gradient of {:.1e}, above tol {:.1e}: double "
        "precision "
        "shows no way further down; increase tol, or scale the columns (StandardScaler)",
        estimator, fit.n_iter, fit.gradient, task.tol));
  }
  return report;
}

TrainingCost glm_cost(Index columns, Index outputs, Index max_iter) {
  // Moments, some passes over few blocks that come to about two over all, the steps.
  constexpr Index usual_steps = 6;
  return {2 + std::min(usual_steps, max_iter), 2 + max_iter,
          4.0 * static_cast<double>(columns * outputs)};
}

}  // namespace superstep
