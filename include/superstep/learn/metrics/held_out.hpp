// SPDX-License-Identifier: BSD-3-Clause
// How good many models are, each on rows of its own: the folds they have not seen, in one pass over
// the data for all of them.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

/// A model and the rows it is judged by.
struct Judged {
  ModelPtr model;
  SplitPtr split{};                                 ///< null: all rows
  Role role = Role::test;                           ///< Role::train for training scores
  std::shared_ptr<const MetricStatistics> known{};  ///< what training told (Trained::held_out)
  unsigned told = 0;                                ///< Statistic bits it has
};

/// One value for each metric; with a sentence that says why, where the metric is not defined for
/// the model on these rows (one class in a fold, predictions that overflow): NaN where
/// scikit-learn's scorer fails, too, else what it gives beside its warning.
struct Judgement {
  std::vector<double> values;
  std::vector<std::string> complaints;  ///< one for each metric, empty where it is defined
  std::vector<bool> has_failed;         ///< likewise, as opposed to a value with a warning
};

/// Judges every model by every metric. The dataset's weights count. UsageError and DataError before
/// the work starts where the metrics are not for one of the models, or the models not for the data.
/// No value depends on the other models.
///
/// No pass over the data where training told all that the metrics need; else one, or as many as it
/// takes for sums and rankings to fit in what is reserved for these blocks (judging_room; nothing
/// reserved: in the budget). **Collective.**
std::vector<Judgement> judge(Engine& engine, const std::shared_ptr<Dataset>& data,
                             std::span<const Judged> judged, std::span<const std::string> metrics);

/// Memory beside the blocks: the least that judge() can do with, and what it does everything with
/// in one pass. For Engine::make_room, put together with what training needs.
struct JudgingRoom {
  Footprint least;
  Footprint wanted;
};

/// What judging these candidates' models by the test rows of their splits will need, before they
/// are trained. `classes`: of the data (outcomes_of()). UsageError as metric_for().
JudgingRoom judging_room(const Dataset& data, Index classes, int ranks,
                         std::span<const Candidate> candidates,
                         std::span<const std::string> metrics);

}  // namespace superstep
