// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/select/evaluation.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <superstep/core/error.hpp>
#include <superstep/core/text.hpp>
#include <superstep/learn/metrics/held_out.hpp>
#include <superstep/learn/metrics/metric.hpp>

namespace superstep {

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Judges by the test rows of the splits beside the last look of a training.
class FoldJudge final : public HeldOutJudge {
 public:
  FoldJudge(const FoldedData& folds, const std::vector<std::string>& metrics,
            const Footprint& training, const Footprint& judging)
      : folds_(folds), metrics_(metrics), training_(training), judging_(judging) {}

  bool has_room(const Engine& engine, const Table& table) const override {
    return engine.has_room(table, room_beside(training_, judging_));
  }
  void judge_beside(Engine& engine, const std::function<void()>& look,
                    std::span<Subject> subjects) const override {
    engine.side_by_side({{training_ + Engine::of_a_stack(), look},
                         {judging_ + Engine::of_a_stack(), [&] { judge(engine, subjects); }}});
  }
  static Footprint room_beside(const Footprint& training, const Footprint& judging) {
    return training + judging + Engine::of_a_stack() + Engine::of_a_stack();
  }

 private:
  // What cannot be judged says so when its turn comes.
  void judge(Engine& engine, std::span<Subject> subjects) const {
    engine.set_task("score");
    std::vector<Judged> judged;
    for (const Subject& s : subjects) judged.push_back({s.model, s.split, Role::test});
    try {
      auto found = find_out(engine, folds_.data, judged, metrics_);
      for (std::size_t i = 0; i < found.size(); ++i) subjects[i].statistics = std::move(found[i]);
    } catch (const AgreedError& e) {
      if (!is_the_candidates_fault(e)) throw;
    }
  }

  const FoldedData& folds_;
  const std::vector<std::string>& metrics_;
  Footprint training_, judging_;
};

/// The one whose table serves all: of those that learn from targets, if there are such.
const Estimator& most_demanding(std::span<const Candidate> fits) {
  for (const Candidate& c : fits) {
    if (c.estimator->target() != Target::none) return *c.estimator;
  }
  return *fits.front().estimator;
}

}  // namespace

Table Evaluator::table_for(const Estimator& estimator) const {
  Table table;
  table.data = folds_.data;
  table.target = estimator.target();
  table.may_miss = estimator.may_miss(&folds_.data->schema(), MayMiss::everywhere());
  return table;
}

// Candidate after candidate, each with all of its splits: neighbours have equal folds as
// scikit-learn orders them, and a batch that is cut keeps candidates whole where it can.
std::vector<Candidate> Evaluator::all_fits(std::span<const Estimator* const> candidates) const {
  std::vector<Candidate> fits;
  for (const Estimator* estimator : candidates) {
    for (const SplitPtr& split : folds_.splits) {
      fits.push_back(candidate_of(*estimator, *folds_.data, split));
    }
  }
  return fits;
}

Index Evaluator::classes_of(const Estimator& estimator) const {
  return outcomes_of(engine_.comm(), estimator, *folds_.data);
}

Footprint Evaluator::need(std::span<const Candidate> fits) const {
  const Estimator& first = *fits.front().estimator;
  return with_copies(
      fits, first.footprint(folds_.data->columns(), classes_of(most_demanding(fits)), fits));
}

Footprint Evaluator::ample_need(std::span<const Candidate> fits) const {
  const Estimator& first = *fits.front().estimator;
  return with_copies(
      fits, first.ample_footprint(folds_.data->columns(), classes_of(most_demanding(fits)), fits));
}

// Rows of a fold are copied where they are chosen; of sparse ones it is told where they lie.
Footprint Evaluator::with_copies(std::span<const Candidate> fits, Footprint need) const {
  const Dataset& data = *folds_.data;
  const bool stay_sparse = data.is_sparse() && std::ranges::all_of(fits, [&](const Candidate& c) {
                             return c.estimator->reads_sparse(data.columns());
                           });
  need.row_doubles += stay_sparse ? 2 : data.columns();
  need.writes_out = need.writes_out || (data.is_sparse() && !stay_sparse);
  return need;
}

EvaluationPlan Evaluator::plan(std::span<const Estimator* const> candidates) const {
  const std::vector<Candidate> fits = all_fits(candidates);
  const Table table = table_for(most_demanding(fits));
  EvaluationPlan plan;
  plan.fits = static_cast<Index>(fits.size());
  // A quarter of the budget is left to the blocks, unless a single fit needs more: what does not
  // depend on how many there are is no reason to cut.
  const std::size_t single = engine_.least_memory(table, need(std::span(fits).first(1)));
  const MemoryBudget& budget = engine_.budget();
  const std::size_t room =
      std::max(budget.taken + budget.for_work() / 4 * 3, single + (single - budget.taken) / 8);
  for (std::size_t begin = 0; begin < fits.size();) {
    std::size_t count = fits.size() - begin;
    std::size_t bytes = 0;
    for (;; count = (count + 1) / 2) {
      bytes = engine_.least_memory(table, need(std::span(fits).subspan(begin, count)));
      if (bytes <= room || count == 1) break;
    }
    plan.batch_sizes.push_back(static_cast<Index>(count));
    plan.memory = std::max(plan.memory, bytes);
    begin += count;
  }
  plan.batches = static_cast<Index>(plan.batch_sizes.size());
  return plan;
}

std::vector<Outcomes> Evaluator::evaluate(std::span<const Estimator* const> candidates,
                                          Watcher* watcher,
                                          std::span<const Outcomes* const> earlier) {
  std::optional<std::vector<Outcomes>> outcomes;
  if (options_.teams > 1) outcomes = evaluate_in_teams(candidates, watcher, earlier);
  if (!outcomes) outcomes = evaluate_together(candidates, watcher, earlier);
  if (options_.error_score.raises) raise_failures(*outcomes);
  return std::move(*outcomes);
}

void Evaluator::raise_failures(const std::vector<Outcomes>& outcomes) const {
  for (const Outcomes& of_candidate : outcomes) {
    for (const FoldOutcome& fold : of_candidate) {
      if (!fold.failure.empty()) throw AgreedError(ExitCode::bad_data, fold.failure);
    }
  }
}

std::vector<Outcomes> Evaluator::evaluate_together(std::span<const Estimator* const> candidates,
                                                   Watcher* watcher,
                                                   std::span<const Outcomes* const> earlier) {
  std::vector<Outcomes> outcomes(candidates.size(), Outcomes(folds_.splits.size()));
  std::vector<FoldOutcome*> flat;
  for (Outcomes& o : outcomes) {
    for (FoldOutcome& f : o) flat.push_back(&f);
  }
  std::vector<Candidate> fits = all_fits(candidates);
  for (std::size_t i = 0; i < fits.size() && !earlier.empty(); ++i) {
    const Outcomes* reached = earlier[i / folds_.splits.size()];
    if (reached != nullptr) fits[i].resume = (*reached)[i % folds_.splits.size()].state;
  }
  engine_.set_task(candidates.front()->name());
  const EvaluationPlan cut = plan(candidates);
  Footprint most, ample;
  std::size_t begin = 0;
  for (const Index size : cut.batch_sizes) {
    const auto count = static_cast<std::size_t>(size);
    most = most | need(std::span(fits).subspan(begin, count));
    ample = ample | ample_need(std::span(fits).subspan(begin, count));
    begin += count;
  }
  const Index classes = classes_of(most_demanding(fits));
  const JudgingRoom judging =
      judging_room(*folds_.data, classes, engine_.comm().size(), fits, options_.metrics);
  const Table table = table_for(most_demanding(fits));
  const bool judges_beside =
      !options_.train_scores && engine_.journal() == nullptr &&
      std::ranges::any_of(candidates, [](const Estimator* e) { return e->ends_with_a_look(); });
  const Footprint beside = judges_beside ? FoldJudge::room_beside(most, judging.wanted) : most;
  ample = engine_.beside_blocks(table, most, most | ample | beside);
  engine_.make_room(table, most | judging.least, ample | judging.wanted);
  begin = 0;
  for (const Index size : cut.batch_sizes) {
    const auto count = static_cast<std::size_t>(size);
    const auto batch = std::span(fits).subspan(begin, count);
    if (judges_beside) {
      const auto judge =
          std::make_shared<FoldJudge>(folds_, options_.metrics, need(batch), judging.wanted);
      for (Candidate& c : batch) c.judge = judge;
    }
    run(batch, std::span(flat).subspan(begin, count));
    begin += count;
    if (watcher != nullptr) watcher->ended(static_cast<Index>(begin), cut.fits);
  }
  return outcomes;
}

void Evaluator::run(std::span<const Candidate> fits, std::span<FoldOutcome* const> into) {
  const Estimator& first = *fits.front().estimator;
  const double start_s = now_s();
  engine_.set_task(
      first.name(),
      first.cost(folds_.data->columns(), classes_of(most_demanding(fits)), fits).passes);
  const std::vector<Trained> trained =
      first.fit_batch(engine_, table_for(most_demanding(fits)), fits);
  const double fit_s = (now_s() - start_s) / static_cast<double>(fits.size());

  const std::size_t n_metrics = options_.metrics.size();
  const std::vector<double> none(n_metrics, options_.error_score.value);
  std::vector<Judged> judged;
  std::vector<std::vector<double>*> scores;
  std::vector<FoldOutcome*> owners;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    FoldOutcome& o = *into[i];
    o.fit_s = fit_s;
    o.test = none;
    if (options_.train_scores) o.train = none;
    if (trained[i].failure) {
      o.failure = trained[i].failure->what();
      continue;
    }
    o.is_fitted = true;
    o.report = trained[i].model->report();
    if (options_.keeps_models) o.model = trained[i].model;
    if (options_.keeps_states) o.state = trained[i].state;
    judged.push_back(
        {trained[i].model, fits[i].split, Role::test, trained[i].held_out, trained[i].told});
    scores.push_back(&o.test);
    owners.push_back(&o);
    if (!options_.train_scores) continue;
    judged.push_back({trained[i].model, fits[i].split, Role::train});
    scores.push_back(&o.train);
    owners.push_back(&o);
  }
  if (judged.empty()) return;
  const double judging_s = now_s();
  const std::vector<Judgement> found = judge(engine_, folds_.data, judged, options_.metrics);
  const double score_s = (now_s() - judging_s) / static_cast<double>(judged.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    owners[i]->score_s += score_s;
    for (std::size_t m = 0; m < n_metrics; ++m) {
      double& score = (*scores[i])[m];
      score = found[i].values[m];
      if (!find_metric(options_.metrics[m]).greater_is_better) score *= -1.0;
      if (found[i].has_failed[m]) score = options_.error_score.value;
      std::string& said = found[i].has_failed[m] ? owners[i]->failure : owners[i]->undefined;
      if (said.empty()) said = found[i].complaints[m];
    }
  }
}

double mean_score(const Outcomes& outcomes, std::size_t metric) {
  double sum = 0.0;
  for (const FoldOutcome& o : outcomes) sum += o.test[metric];
  return sum / static_cast<double>(outcomes.size());
}

std::vector<std::string> describe_failures(const std::vector<const Outcomes*>& all, double score) {
  std::map<std::string, Index> reasons, without_value, undefined;
  Index fitted = 0, fits = 0;
  for (const Outcomes* outcomes : all) {
    for (const FoldOutcome& o : *outcomes) {
      ++fits;
      if (o.is_fitted) ++fitted;
      if (!o.failure.empty()) ++(o.is_fitted ? without_value : reasons)[o.failure];
      if (!o.undefined.empty()) ++undefined[o.undefined];
    }
  }
  // A metric without a value on a fold, such as r2 of one row, is no failure of the fit.
  if (fitted == 0 && !reasons.empty()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("All the {} fits failed. {}", fits, reasons.begin()->first));
  }
  std::vector<std::string> sentences;
  const std::string set_to = format_double(score);
  for (const auto& [reason, count] : reasons) {
    sentences.push_back(
        fmt::format("{} fits failed out of a total of {}, their scores are set to {}: {}", count,
                    fits, set_to, reason));
  }
  for (const auto& [reason, count] : without_value) {
    sentences.push_back(
        fmt::format("{} fits out of a total of {} have no score, it is set to {}: {}", count, fits,
                    set_to, reason));
  }
  for (const auto& [reason, count] : undefined) {
    sentences.push_back(fmt::format(
        "{} fits out of a total of {} have no score that is defined: {}", count, fits, reason));
  }
  return sentences;
}

void check_can_train(const Estimator& estimator, const Dataset& data) {
  estimator.check_params();
  check_target(estimator, data);
  require_columns(estimator, data.schema());
}

}  // namespace superstep
