// SPDX-License-Identifier: BSD-3-Clause
// A batch whose candidates have a class_weight, for learners of moments: those with the same
// weights of the same rows have moments of their own, and all of them share their passes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

/// What trains: the learner of moments, which knows nothing of class_weight, and its parameter.
struct ClassWeightLearner {
  const Estimator& estimator;
  std::function<const Value&(const Candidate&)> class_weight;
  std::function<std::vector<Trained>(const Table&, std::span<const Candidate>)> train;
};

/// **Collective.**
std::vector<Trained> train_by_class_weight(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates,
                                           const ClassWeightLearner& learner);

}  // namespace superstep
