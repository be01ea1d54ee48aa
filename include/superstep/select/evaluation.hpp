// SPDX-License-Identifier: BSD-3-Clause
// Candidates times folds, trained and judged together: the one thing that cross-validation, every
// search strategy and the curves are made of.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/estimator.hpp>
#include <superstep/select/teams.hpp>

namespace superstep {

/// What stands in for the score of a fit that fails, or of a metric that fails on a fold.
struct ErrorScore {
  double value = std::numeric_limits<double>::quiet_NaN();
  bool raises = false;  ///< the evaluation ends instead
};

struct EvaluationOptions {
  std::vector<std::string> metrics;
  bool train_scores = false;
  bool keeps_models = false;
  bool keeps_states = false;  ///< so that the same candidates can go on with more iterations
  /// Teams of ranks that train different candidates at once (select/teams.hpp), if the nodes'
  /// memory allows it. Models are kept by the ranks that trained them only.
  int teams = 1;
  ErrorScore error_score{};
};

/// What one fit on one fold gave.
struct FoldOutcome {
  /// By metric, the error score where it failed. Greater is better throughout, as in scikit-learn:
  /// losses such as max_error have their sign turned.
  std::vector<double> test;
  std::vector<double> train;  ///< likewise, where asked for
  std::string failure;        ///< why there is no model, or a metric failed; else empty
  std::string undefined;      ///< which metric is not defined, where it did not fail
  bool is_fitted = false;     ///< whether there was a model
  double fit_s = 0.0;         ///< its share of the time of the passes it shared
  double score_s = 0.0;
  ModelPtr model;  ///< where asked for
  FitReport report;
  std::shared_ptr<const StageState> state;  ///< where asked for
  int team = -1;                            ///< of several, the one that has the state
};

/// Outcomes of one candidate, by split.
using Outcomes = std::vector<FoldOutcome>;

/// Mean over the splits of a metric of held-out rows; NaN where one failed.
double mean_score(const Outcomes& outcomes, std::size_t metric);
/// Of two such: NaN is worse than any number.
inline bool is_better(double mean, double other) {
  return mean > other || (std::isnan(other) && !std::isnan(mean));
}

/// A sentence for each reason why fits or metrics failed or are not defined, with how often.
/// AgreedError where no fit gave a model.
std::vector<std::string> describe_failures(const std::vector<const Outcomes*>& all, double score);

/// What has been found out while work goes on: every batch of fits that has ended.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void ended(Index fits, Index of) = 0;
};

/// What evaluating costs, known before anything is read.
struct EvaluationPlan {
  Index fits = 0;
  Index batches = 1;       ///< of fits, so that each fits the memory
  std::size_t memory = 0;  ///< per rank beside the blocks, the largest batch
  std::vector<Index> batch_sizes;
};

/// Trains every candidate (all of one type) on the training rows of every split and judges it by
/// its test rows, in as few passes as their families allow. One that fails leaves its reason, or is
/// thrown as AgreedError where failures are to raise.
/// **Collective.**
class Evaluator {
 public:
  /// `metrics` have been checked.
  Evaluator(Engine& engine, FoldedData folds, EvaluationOptions options);
  ~Evaluator();

  /// Without communication beyond what the budget needs. MemoryError where not even one fit fits.
  /// **Collective.**
  EvaluationPlan plan(std::span<const Estimator* const> candidates) const;
  /// Results by candidate. `earlier`: what the same candidates reached with fewer iterations, from
  /// where they go on; empty, or null where there is nothing. **Collective.**
  std::vector<Outcomes> evaluate(std::span<const Estimator* const> candidates,
                                 Watcher* watcher = nullptr,
                                 std::span<const Outcomes* const> earlier = {});
  const FoldedData& folds() const { return folds_; }
  /// How many teams are predicted to be fastest. **Collective.**
  int best_teams(std::span<const Estimator* const> candidates) const;

 private:
  struct Team;
  std::vector<Outcomes> evaluate_together(std::span<const Estimator* const> candidates,
                                          Watcher* watcher,
                                          std::span<const Outcomes* const> earlier);
  std::optional<std::vector<Outcomes>> evaluate_in_teams(
      std::span<const Estimator* const> candidates, Watcher* watcher,
      std::span<const Outcomes* const> earlier);
  TeamCosts team_costs(const Estimator& estimator) const;
  std::vector<TeamTask> team_tasks(std::span<const Estimator* const> candidates,
                                   std::span<const Outcomes* const> earlier) const;
  bool share_blocks(std::span<const TeamTask> tasks, std::span<const Estimator* const> candidates);
  void count_team_work();
  Table table_for(const Estimator& estimator) const;
  std::vector<Candidate> all_fits(std::span<const Estimator* const> candidates) const;
  Index classes_of(const Estimator& estimator) const;
  Footprint need(std::span<const Candidate> fits) const;
  Footprint ample_need(std::span<const Candidate> fits) const;
  Footprint with_copies(std::span<const Candidate> fits, Footprint need) const;
  void run(std::span<const Candidate> fits, std::span<FoldOutcome* const> into);
  void raise_failures(const std::vector<Outcomes>& outcomes) const;

  Engine& engine_;
  FoldedData folds_;
  EvaluationOptions options_;
  std::unique_ptr<Team> team_;  ///< of this rank, from the first evaluation by teams on
};

/// Data that no estimator of this kind can be trained on: AgreedError, before any work.
void check_can_train(const Estimator& estimator, const Dataset& data);

}  // namespace superstep
