// SPDX-License-Identifier: BSD-3-Clause
// What support vector machines with linear functions share: parameters, the task of the solver, and
// what is said of how it ended.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <superstep/core/params.hpp>

#include "learn/linear_model/glm.hpp"

namespace superstep {

/// Adds what all of them have to the table of an estimator with parameters P.
template <class P>
ParamTable<P> with_svm_params(ParamTable<P> table) {
  return std::move(table)
      .add("tol", &P::tol, greater_than(0.0),
           "ends when a step promises to lower the objective by less than a millionth of tol of "
           "it (but not below 2e-13), or the gradient is rounding")
      .add("C", &P::C, greater_than(0.0), "inverse strength of the penalty")
      .add("fit_intercept", &P::fit_intercept, anything(),
           "whether a constant is fitted; it is penalised, as intercept_scaling says")
      .add("intercept_scaling", &P::intercept_scaling, greater_than(0.0),
           "the penalty has the intercept divided by it: larger values leave it freer")
      .refuse("dual", {"auto", true, false}, "both problems have the same optimum")
      .refuse("verbose", {0}, "progress is shown unless --quiet")
      .add("random_state", &P::random_state, anything(),
           "without effect: nothing is drawn at random")
      .add("max_iter", &P::max_iter, at_least(0.0), "most steps");
}

/// The objective divided by C, so that its sums are those of the rows.
template <class P>
GlmTask svm_task(const CandidateOf<P>& candidate) {
  const P& p = candidate.params;
  GlmTask task;
  task.split = candidate.split;
  task.features = candidate.features;
  task.fit_intercept = p.fit_intercept;
  task.l2 = 1.0 / p.C;
  task.intercept_l2 = 1.0 / (p.C * p.intercept_scaling * p.intercept_scaling);
  task.tol = p.tol;
  task.max_iter = p.max_iter;
  return task;
}

template <class E>
TrainingCost svm_cost(Index columns, Index outputs, std::span<const Candidate> batch) {
  Index most = 0;
  for (const Candidate& c : batch) {
    most = std::max(most, dynamic_cast<const E&>(*c.estimator).params().max_iter);
  }
  return glm_cost(columns, outputs * static_cast<Index>(batch.size()), most);
}

/// How the fit of one function went.
FitReport svm_report(const std::string& estimator, const GlmTask& task, const GlmFit& fit);

}  // namespace superstep
