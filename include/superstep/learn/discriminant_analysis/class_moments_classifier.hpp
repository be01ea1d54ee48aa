// SPDX-License-Identifier: BSD-3-Clause
// Classifiers that the second moments of each class tell: one superstep for any number of
// candidates, folds and affine maps.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

class ClassMomentsClassifier : public Estimator {
 public:
  Kind kind() const final { return Kind::classifier; }
  bool can(Method method) const override {
    return method == Method::decision_function || Estimator::can(method);
  }
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  bool gathers() const final { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const final;
  Fusion fusion() const final { return {true, true, true}; }
};

}  // namespace superstep
