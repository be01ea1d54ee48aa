// SPDX-License-Identifier: BSD-3-Clause
#include "learn/inner_trainings.hpp"

#include <algorithm>

namespace superstep {

void InnerTrainings::add(std::shared_ptr<const Estimator> estimator, const Candidate& seen,
                         const std::string& set) {
  InnerTraining& training = all_[{set, estimator->name()}];
  const auto is_its = [&](const Candidate& c) {
    return c.split == seen.split && c.features == seen.features &&
           c.estimator->expression() == estimator->expression();
  };
  const auto found = std::ranges::find_if(training.candidates, is_its);
  of_.emplace_back(&training, static_cast<std::size_t>(found - training.candidates.begin()));
  if (found != training.candidates.end()) return;
  Candidate one{estimator.get(), seen.split, seen.features};
  one.columns = seen.columns;
  training.candidates.push_back(std::move(one));
  training.estimators.push_back(std::move(estimator));
}

Footprint InnerTrainings::footprint(Index columns, Index classes) const {
  Footprint most;
  for (const auto& [type, t] : all_) {
    most = most | t.estimators.front()->footprint(columns, classes, t.candidates);
  }
  return most;
}

Footprint InnerTrainings::ample_footprint(Index columns, Index classes) const {
  Footprint most;
  for (const auto& [type, t] : all_) {
    most = most | t.estimators.front()->ample_footprint(columns, classes, t.candidates);
  }
  return most;
}

TrainingCost InnerTrainings::cost(Index columns, Index classes) const {
  TrainingCost sum{0, 0, 0.0};
  for (const auto& [type, t] : all_) {
    const TrainingCost one = t.estimators.front()->cost(columns, classes, t.candidates);
    sum = {sum.passes + one.passes, sum.most_passes + one.most_passes,
           std::max(sum.flops_per_row, one.flops_per_row)};
  }
  return sum;
}

}  // namespace superstep
