// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/plan.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/metric.hpp>
#include <superstep/learn/pipeline.hpp>
#include <superstep/math/products.hpp>

namespace superstep {

namespace {

/// A pipeline as the list of its steps; another estimator as a list of itself.
std::vector<const Estimator*> steps_of(const Estimator& estimator) {
  const auto* pipeline = dynamic_cast<const Pipeline*>(&estimator);
  if (pipeline == nullptr) return {&estimator};
  std::vector<const Estimator*> steps;
  for (const Pipeline::Step& s : pipeline->steps()) steps.push_back(s.estimator.get());
  return steps;
}

/// Different settings of one type at one place of the pipeline: what Pipeline trains in one batch.
struct StepGroup {
  Index place;
  std::string name;
  std::vector<const Estimator*> members{};
  bool is_gathered_for = false;  ///< its first pass is made together with those before
};

std::vector<StepGroup> groups_of(const std::vector<std::unique_ptr<Estimator>>& candidates) {
  std::vector<StepGroup> groups;
  std::set<std::string> seen;
  for (const auto& candidate : candidates) {
    std::string prefix;
    Index place = 0;
    for (const Estimator* step : steps_of(*candidate)) {
      prefix += " | " + step->expression();
      const Index here = place++;
      if (!seen.insert(prefix).second) continue;
      const auto is_its = [&](const StepGroup& g) {
        return g.place == here && g.name == step->name();
      };
      auto found = std::ranges::find_if(groups, is_its);
      if (found == groups.end()) found = groups.insert(groups.end(), {here, step->name()});
      found->members.push_back(step);
    }
  }
  std::ranges::stable_sort(groups, {}, &StepGroup::place);
  for (StepGroup& group : groups) {
    const auto gives_other_maps = [&](const StepGroup& before) {
      return before.place + 1 == group.place &&
             !std::ranges::all_of(before.members, &Estimator::gives_affine_maps);
    };
    group.is_gathered_for = group.place > 0 && group.members.front()->gathers() &&
                            std::ranges::none_of(groups, gives_other_maps);
  }
  return groups;
}

/// Products of one thread, measured for a moment on a block that stays in the cache.
double measure_flops() {
  using Clock = std::chrono::steady_clock;
  constexpr Index rows = 256, columns = 64, models = 32;
  const Matrix X = Matrix::Ones(rows, columns), W = Matrix::Ones(columns, models);
  Matrix Z(rows, models);
  double best = 0.0;
  for (int i = 0; i < 20; ++i) {
    const auto start = Clock::now();
    for (int j = 0; j < 8; ++j) math::multiply(X, W, Z);
    const double s = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 8 * 2.0 * rows * columns * models / s);
  }
  return best;
}

PlannedStage stage_of(const StepGroup& group, const FoldedData& folds, Index classes) {
  std::vector<Candidate> batch;
  for (const Estimator* e : group.members) {
    for (const SplitPtr& split : folds.splits) {
      batch.push_back(candidate_of(*e, *folds.data, split));
    }
  }
  const Estimator& first = *group.members.front();
  TrainingCost cost = first.cost(folds.data->columns(), classes, batch);
  if (group.is_gathered_for) cost = without_a_pass(cost);
  PlannedStage stage;
  stage.name = group.name;
  stage.place = group.place;
  stage.fits = static_cast<Index>(batch.size());
  stage.what = fmt::format("{} fits: {} setting{} x {} fold{}", stage.fits, group.members.size(),
                           group.members.size() == 1 ? "" : "s", folds.splits.size(),
                           folds.splits.size() == 1 ? "" : "s");
  stage.passes = cost.passes;
  stage.most_passes = cost.most_passes;
  stage.flops_per_row = cost.flops_per_row;
  return stage;
}

/// Whether training tells all that the metrics need.
bool is_told(const Estimator& last, const PlannedWork& work) {
  if (work.train_scores) return false;
  return std::ranges::all_of(work.metrics, [&](const std::string& name) {
    return (last.tells() & static_cast<unsigned>(find_metric(name).needs)) != 0;
  });
}

PlannedStage scoring_stage(const PlannedWork& work, const WorkPlan& plan) {
  PlannedStage stage{"score",
                     fmt::format("{} of held-out rows", join(work.metrics, "and")),
                     plan.candidates * plan.splits,
                     0,
                     0,
                     0.0};
  if (is_told(*steps_of(*work.candidates.front()).back(), work)) {
    stage.what += ", told by the statistics of training";
    return stage;
  }
  stage.passes = stage.most_passes = plan.batches;
  stage.flops_per_row = 2.0 * static_cast<double>(plan.columns * plan.candidates);
  return stage;
}

PlannedStage refit_stage(const PlannedWork& work, Index columns, Index classes) {
  const Candidate one = candidate_of(*work.candidates.front(), *work.folds.data);
  const TrainingCost cost = one.estimator->cost(columns, classes, std::span(&one, 1));
  return {"refit",           "the best candidate on all rows", 1, cost.passes, cost.most_passes,
          cost.flops_per_row};
}

}  // namespace

WorkPlan plan_work(Engine& engine, const PlannedWork& work) {
  const Dataset& data = *work.folds.data;
  WorkPlan plan;
  plan.data = data.path();
  plan.rows = data.rows();
  plan.columns = data.columns();
  plan.bytes = data.feature_bytes(data.rows());
  plan.blocks = data.blocks().size();
  plan.candidates = static_cast<Index>(work.candidates.size());
  plan.splits = static_cast<Index>(work.folds.splits.size());
  plan.splitter = work.splitter;
  plan.budget = engine.budget().bytes;
  plan.budget_source = engine.budget().source;
  plan.ranks = engine.comm().size();
  plan.threads = engine.options().threads;
  plan.flops_per_s = measure_flops();
  engine.comm().broadcast(std::span(&plan.flops_per_s, 1));

  std::vector<const Estimator*> pointers;
  for (const auto& c : work.candidates) {
    check_target(*c, *work.folds.data);
    pointers.push_back(c.get());
  }
  const Index classes = outcomes_of(engine.comm(), *pointers.front(), *work.folds.data);
  const Evaluator evaluator(engine, work.folds, {work.metrics});
  const EvaluationPlan cut = evaluator.plan(pointers);
  plan.teams = work.teams.value_or(evaluator.best_teams(pointers));
  plan.memory = cut.memory;
  plan.batches = cut.batches;
  const auto ranks = static_cast<std::size_t>(plan.ranks);
  plan.is_resident = cut.memory + plan.bytes / ranks <= plan.budget;

  for (const StepGroup& group : groups_of(work.candidates)) {
    plan.stages.push_back(stage_of(group, work.folds, classes));
    plan.stages.back().passes *= plan.batches;
    plan.stages.back().most_passes *= plan.batches;
  }
  const auto add_behind = [&](PlannedStage stage) {
    stage.place = plan.stages.back().place + 1;
    plan.stages.push_back(std::move(stage));
  };
  if (!work.metrics.empty()) add_behind(scoring_stage(work, plan));
  if (work.refits) add_behind(refit_stage(work, plan.columns, classes));
  return plan;
}

namespace {

/// Stages at one place as one: as many passes as the longest of them takes.
std::vector<PlannedStage> by_place(const std::vector<PlannedStage>& stages) {
  std::vector<PlannedStage> places;
  for (const PlannedStage& s : stages) {
    if (places.empty() || places.back().place != s.place) {
      places.push_back(s);
      continue;
    }
    PlannedStage& all = places.back();
    all.passes = std::max(all.passes, s.passes);
    all.most_passes = std::max(all.most_passes, s.most_passes);
    all.flops_per_row += s.flops_per_row;
  }
  return places;
}

}  // namespace

Index WorkPlan::passes() const {
  Index sum = 0;
  for (const PlannedStage& s : by_place(stages)) sum += s.passes;
  return sum;
}

Index WorkPlan::most_passes() const {
  Index sum = 0;
  for (const PlannedStage& s : by_place(stages)) sum += s.most_passes;
  return sum;
}

std::size_t WorkPlan::bytes_read() const {
  return is_resident ? bytes : bytes * static_cast<std::size_t>(passes());
}

double WorkPlan::seconds() const {
  const double rate = flops_per_s * ranks * threads;
  const double read_s = static_cast<double>(bytes) / read_bytes_per_s;
  double sum = is_resident ? read_s : 0.0;
  for (const PlannedStage& s : by_place(stages)) {
    const double compute_s = static_cast<double>(rows) * s.flops_per_row / rate;
    sum += static_cast<double>(s.passes) * std::max(compute_s, is_resident ? 0.0 : read_s);
  }
  return sum;
}

std::string WorkPlan::text() const {
  std::string text = fmt::format("{}: {} rows x {} columns, {} in {} blocks\n", data,
                                 format_count(rows), format_count(columns),
                                 format_bytes(static_cast<Index>(bytes)), format_count(blocks));
  text += fmt::format("{} candidate{}: {}\n\n", format_count(candidates),
                      candidates == 1 ? "" : "s", splitter);
  text += fmt::format("{:<20} {:<24} {}\n", "stage", "passes", "what");
  for (const PlannedStage& s : stages) {
    const std::string range = s.passes == s.most_passes
                                  ? fmt::format("{}", s.passes)
                                  : fmt::format("about {}, at most {}", s.passes, s.most_passes);
    text += fmt::format("{:<20} {:<24} {}\n", s.name, range, s.what);
  }
  text +=
      fmt::format("\npasses           {}{}\n", passes() == most_passes() ? "" : "about ", passes());
  text += fmt::format("batches          {}\n", batches);
  if (teams > 1) {
    text += fmt::format("teams            {} groups of ranks train different families at once\n",
                        teams);
  }
  text += fmt::format("memory per rank  at least {} of {} ({}); blocks {}\n",
                      format_bytes(static_cast<Index>(memory)),
                      format_bytes(static_cast<Index>(budget)), budget_source,
                      is_resident ? "stay in memory" : "are read again in every pass");
  text += fmt::format("bytes read       {}\n", format_bytes(static_cast<Index>(bytes_read())));
  text += fmt::format(
      "time             about {} on {} rank{} x {} thread{} ({:.0f} GF/s a thread, measured; "
      "{} a second read, assumed)\n",
      format_duration(seconds()), ranks, ranks == 1 ? "" : "s", threads, threads == 1 ? "" : "s",
      flops_per_s * 1e-9, format_bytes(static_cast<Index>(read_bytes_per_s)));
  return text;
}

Json WorkPlan::json() const {
  Json list = Json::array();
  for (const PlannedStage& s : stages) {
    Json stage = Json::object();
    stage.set("name", s.name).set("what", s.what).set("fits", s.fits).set("passes", s.passes);
    stage.set("most_passes", s.most_passes).set("flops_per_row", s.flops_per_row);
    list.push_back(std::move(stage));
  }
  Json json = Json::object();
  json.set("rows", rows)
      .set("columns", columns)
      .set("n_candidates", candidates)
      .set("n_splits", splits);
  json.set("stages", std::move(list))
      .set("batches", batches)
      .set("teams", teams)
      .set("passes", passes());
  json.set("most_passes", most_passes()).set("bytes_read", bytes_read());
  json.set("memory_bytes", memory)
      .set("budget_bytes", budget)
      .set("budget_source", budget_source)
      .set("in_memory", is_resident);
  json.set("seconds_predicted", seconds());
  return json;
}

}  // namespace superstep
