// SPDX-License-Identifier: BSD-3-Clause
// The batch: every model that is still running takes its next step, until none does.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "learn/linear_model/glm_pass.hpp"
#include "learn/linear_model/glm_sample.hpp"

namespace superstep {

namespace {

/// Where a model's solver stood when its fit ended.
struct GlmState : StageState {
  GlmState(math::QuasiNewton solver_, int slack_) : solver(std::move(solver_)), slack(slack_) {}
  math::QuasiNewton solver;
  int slack;
};

/// A model that is being trained.
struct Runner {
  Runner(const GlmMoments& moments, const GlmTask& task)
      : objective(moments, task), solver(objective.begin()) {
    const auto* earlier = dynamic_cast<const GlmState*>(task.resume.get());
    if (earlier == nullptr) return;
    solver = earlier->solver;
    solver.go_on(task.max_iter);
    slack = earlier->slack;
  }

  GlmPoint next_point() const {
    return {&objective, &solver.trial(), solver.wants_curvature(), slack};
  }
  void tell(std::optional<math::Evaluation> e) {
    constexpr int step = 24;
    constexpr int most = 48;
    if (e) {
      solver.tell(std::move(*e));
    } else if (slack < most) {
      slack += step;  // the same point again, with wider bounds
    } else {
      solver.tell({});
    }
  }

  GlmObjective objective;
  math::QuasiNewton solver;
  int slack = 0;
};

void run(Engine& engine, const Table& table, const GlmMoments& moments,
         std::vector<Runner>& runners) {
  for (;;) {
    std::vector<Runner*> running;
    std::vector<GlmPoint> points;
    for (Runner& r : runners) {
      if (r.solver.is_done()) continue;
      running.push_back(&r);
      points.push_back(r.next_point());
    }
    if (running.empty()) return;
    auto evaluations = evaluate_glm(engine, table, moments, points);
    for (std::size_t i = 0; i < running.size(); ++i) running[i]->tell(std::move(evaluations[i]));
  }
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
                            std::span<const GlmTask> tasks) {
  const std::vector<std::size_t> order = grouped(tasks);
  const bool is_dense = std::ranges::any_of(moments.splits, &GlmRows::is_dense);
  const auto most =
      static_cast<std::size_t>(most_together(moments.columns(), moments.outputs, is_dense));
  std::vector<GlmFit> fits(tasks.size());
  for (std::size_t begin = 0; begin < order.size(); begin += most) {
    const std::size_t end = std::min(order.size(), begin + most);
    std::vector<Runner> runners;
    for (std::size_t i = begin; i < end; ++i) runners.emplace_back(moments, tasks[order[i]]);
    run(engine, table, moments, runners);
    for (std::size_t i = begin; i < end; ++i) {
      const Runner& r = runners[i - begin];
      fits[order[i]] = r.objective.finish(r.solver);
      fits[order[i]].state = std::make_shared<GlmState>(r.solver, r.slack);
    }
  }
  return fits;
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
  constexpr Index usual_steps = 9;
  return {1 + std::min(usual_steps, max_iter), 1 + max_iter,
          4.0 * static_cast<double>(columns * outputs)};
}

}  // namespace superstep
