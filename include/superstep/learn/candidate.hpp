// SPDX-License-Identifier: BSD-3-Clause
// What a batch consists of: an estimator's settings, the rows they may see, and the map through
// which they see them; and what comes of it.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <superstep/core/error.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/engine/ledger.hpp>
#include <superstep/learn/affine_map.hpp>
#include <superstep/learn/metrics/statistics.hpp>
#include <superstep/learn/model.hpp>

namespace superstep {

class Estimator;
using ModelPtr = std::shared_ptr<const Model>;

/// Judges models by the test rows of their splits in the passes that still train some of the batch.
class HeldOutJudge {
 public:
  struct Subject {
    ModelPtr model{};  ///< whole()
    SplitPtr split{};
    /// What became of it; null: nothing that is known by now.
    std::shared_ptr<const MetricStatistics> statistics{};
  };
  virtual ~HeldOutJudge() = default;
  /// Whether there is room for judging beside training. The same on every rank.
  virtual bool has_room(const Engine& engine, const Table& table) const = 0;
  /// What is judged where this is the last step.
  virtual ModelPtr whole(ModelPtr model) const { return model; }
  /// Does `look`, a look at all rows, and judges beside it. **Collective.**
  virtual void judge_beside(Engine& engine, const std::function<void()>& look,
                            std::span<Subject> subjects) const = 0;
};

/// One model of a batch.
struct Candidate {
  const Estimator* estimator = nullptr;
  SplitPtr split{};         ///< trains on its training rows; null: on all rows of the table
  AffineMapPtr features{};  ///< sees the table's rows through it; null: as they are
  /// Where a fit of the same candidate with fewer iterations ended (Trained::state): this one goes
  /// on from there and gives the model that it would have given anyway. Null: begins at the start.
  std::shared_ptr<const StageState> resume{};
  /// What Estimator::gather found out of the table's rows before the map was known; may be null.
  std::shared_ptr<const StageState> gathered{};
  /// For trainings whose last look is at the model itself; null: judged later.
  std::shared_ptr<const HeldOutJudge> judge{};
  /// What the columns are that it sees.
  std::shared_ptr<const Schema> columns{};
};

/// The same to the mathematics of one estimator.
template <class P>
struct CandidateOf {
  P params;
  SplitPtr split{};
  AffineMapPtr features{};
  std::shared_ptr<const StageState> resume{};
  std::shared_ptr<const StageState> gathered{};
  std::shared_ptr<const HeldOutJudge> judge{};
  std::shared_ptr<const Schema> columns{};
};

/// What was gathered for all candidates of a batch; null where it was not for some of them.
template <class C>
std::shared_ptr<const StageState> gathered_for(std::span<const C> batch) {
  const std::shared_ptr<const StageState>& first = batch.front().gathered;
  const auto has_it = [&](const C& c) { return c.gathered == first; };
  return std::ranges::all_of(batch, has_it) ? first : nullptr;
}

/// Who judges the models of a batch beside its last look; null where some are judged otherwise.
template <class C>
const HeldOutJudge* judge_for(std::span<const C> batch) {
  const auto has_one = [](const C& c) { return c.judge != nullptr; };
  return std::ranges::all_of(batch, has_one) ? batch.front().judge.get() : nullptr;
}

/// What became of a candidate: a model, or the reason why there is none.
struct Trained {
  std::shared_ptr<Model> model{};
  std::shared_ptr<const AgreedError> failure{};
  /// How the model does on the test rows of its split, where training could tell without looking at
  /// rows (moments tell the squared error of a linear model); only the statistics named in `told`.
  std::shared_ptr<const MetricStatistics> held_out{};
  unsigned told = 0;  ///< Statistic bits that held_out has
  /// All that is wanted of them, found by Candidate::judge; null: nothing.
  void tell_all(std::shared_ptr<const MetricStatistics> found) {
    held_out = std::move(found);
    told = held_out ? ~0U : 0U;
  }
  /// For Candidate::resume, from estimators that can go on.
  std::shared_ptr<const StageState> state{};

  Trained() = default;
  template <std::derived_from<Model> M>
  Trained(std::shared_ptr<M> model_) : model(std::move(model_)) {}
};

/// Whether a failure is that of one candidate and its data, which others need not share.
inline bool is_the_candidates_fault(const AgreedError& e) {
  return e.exit_code() == ExitCode::bad_data || e.exit_code() == ExitCode::usage;
}

/// train(), or the failure of a candidate at fault.
template <class F>
Trained attempt(F&& train) {
  try {
    return train();
  } catch (const AgreedError& e) {
    if (!is_the_candidates_fault(e)) throw;
    Trained failed;
    failed.failure = std::make_shared<AgreedError>(e);
    return failed;
  }
}

/// What an estimator's mathematics takes of a candidate as it is. What it does not take, the engine
/// does before it: rows of a fold are chosen, maps are applied, and candidates that differ in
/// either are trained in passes of their own.
struct Fusion {
  bool splits = false;         ///< any number of splits in one batch
  bool diagonal_maps = false;  ///< each candidate behind a scaling of its own
  bool dense_maps = false;     ///< each candidate behind a projection of its own
};

/// What training a batch costs, as far as it is known before the data are looked at.
struct TrainingCost {
  Index passes = 1;            ///< as a rule
  Index most_passes = 1;       ///< at most, not counting those that mend bounds or fail
  double flops_per_row = 0.0;  ///< of one pass
};

/// Where the first pass is made together with those before (Estimator::gather).
inline TrainingCost without_a_pass(TrainingCost cost) {
  return {cost.passes - 1, cost.most_passes - 1, cost.flops_per_row};
}

}  // namespace superstep
