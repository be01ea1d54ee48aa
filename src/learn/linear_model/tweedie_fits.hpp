// SPDX-License-Identifier: BSD-3-Clause
// Regressors of positive means: exp of a linear function, one Tweedie loss or another. Their
// parameters, passes, models and complaints are the same; an estimator brings the power and says
// which targets it takes.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <superstep/core/params.hpp>
#include <superstep/learn/candidate.hpp>

#include "learn/linear_model/glm.hpp"

namespace superstep {

/// What messages say of an estimator.
struct TweedieWords {
  std::string estimator;  ///< "PoissonRegressor"
  std::string loss;       ///< scikit-learn's name of it
  /// Which targets a loss takes and what to do with others.
  std::function<std::string(math::TweedieLoss)> takes;
};

/// Trains every task. AgreedError where a target is out of a loss's range, or all are zero. What
/// was gathered is GatheredGlm or anything else. **Collective.**
std::vector<Trained> fit_tweedie(Engine& engine, const Table& table, const TweedieWords& words,
                                 std::span<const GlmTask> tasks,
                                 const std::shared_ptr<const StageState>& gathered);

/// For fit_tweedie. **Collective**, one superstep.
std::shared_ptr<const StageState> gather_for_tweedie(Engine& engine, const Table& table,
                                                     std::span<const SplitPtr> splits);

/// The model that predicts exp of what was saved.
std::shared_ptr<Model> read_tweedie_model(const AttributeReader& in);

/// The parameters that they all have. P: alpha, fit_intercept, solver, max_iter, tol.
template <class P>
ParamTable<P> with_tweedie_params(ParamTable<P> table) {
  return std::move(table)
      .add("alpha", &P::alpha, at_least(0.0), "strength of the penalty")
      .add("fit_intercept", &P::fit_intercept, anything(),
           "whether a constant is fitted, without penalty")
      .add("solver", &P::solver, one_of({"lbfgs", "newton-cholesky"}),
           "both name the same optimum here")
      .add("max_iter", &P::max_iter, at_least(1), "most steps")
      .add("tol", &P::tol, greater_than(0.0),
           "ends when no entry of the gradient is larger, or the objective has reached its "
           "least value to 12 digits (more for a smaller tol)")
      .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
      .refuse("verbose", {0}, "progress is shown unless --quiet")
      .positional(0);
}

template <class P>
GlmTask tweedie_task(const CandidateOf<P>& candidate, double power) {
  GlmTask task;
  task.split = candidate.split;
  task.features = candidate.features;
  task.resume = candidate.resume;
  task.tweedie = {power};
  task.fit_intercept = candidate.params.fit_intercept;
  task.l2 = candidate.params.alpha;
  task.mean_loss = true;
  task.tol = candidate.params.tol;
  task.max_iter = candidate.params.max_iter;
  return task;
}

/// All candidates with one power. What was gathered is for all of them.
template <class P>
std::vector<Trained> fit_tweedie(Engine& engine, const Table& table, const TweedieWords& words,
                                 std::span<const CandidateOf<P>> batch, double power) {
  std::vector<GlmTask> tasks;
  for (const auto& c : batch) tasks.push_back(tweedie_task(c, power));
  return fit_tweedie(engine, table, words, tasks, gathered_for(batch));
}

/// Of candidates whose estimators are of type E.
template <class E>
TrainingCost tweedie_cost(Index columns, std::span<const Candidate> batch) {
  Index most = 0;
  for (const Candidate& c : batch) {
    most = std::max(most, dynamic_cast<const E&>(*c.estimator).params().max_iter);
  }
  return glm_cost(columns, static_cast<Index>(batch.size()), most);
}

}  // namespace superstep
