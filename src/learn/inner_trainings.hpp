// SPDX-License-Identifier: BSD-3-Clause
// Estimators that are parameters of others (SelectFromModel, TransformedTargetRegressor): those of
// a batch by type, equal ones once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

/// Estimators of one type: what is trained together.
struct InnerTraining {
  std::vector<std::shared_ptr<const Estimator>> estimators{};
  std::vector<Candidate> candidates{};
  std::vector<Trained> trained{};
};

class InnerTrainings {
 public:
  /// One more candidate of the batch: its inner estimator, and where it looks at. `set`: those that
  /// see the same table.
  void add(std::shared_ptr<const Estimator> estimator, const Candidate& seen,
           const std::string& set = "");

  /// By set, then type.
  std::map<std::pair<std::string, std::string>, InnerTraining>& all() { return all_; }
  const Estimator& estimator_of(std::size_t candidate) const {
    const auto& [training, at] = of_[candidate];
    return *training->estimators[at];
  }
  const Trained& of(std::size_t candidate) const {
    const auto& [training, at] = of_[candidate];
    return training->trained[at];
  }

  /// One after the other.
  Footprint footprint(Index columns, Index classes) const;
  Footprint ample_footprint(Index columns, Index classes) const;
  TrainingCost cost(Index columns, Index classes) const;

 private:
  std::map<std::pair<std::string, std::string>, InnerTraining> all_{};
  std::vector<std::pair<const InnerTraining*, std::size_t>> of_{};
};

}  // namespace superstep
