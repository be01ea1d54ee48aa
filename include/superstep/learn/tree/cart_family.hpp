// SPDX-License-Identifier: BSD-3-Clause
// What trees and forests have in common: the parameters of a tree, how they are trained, and what
// that takes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

namespace trees {
struct CartTask;  // learn/trees/forests.hpp
}

/// The parameters that all have.
struct TreeParams {
  std::optional<Index> max_depth;
  Value min_samples_split = 2;
  Value min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0.0;
  std::optional<Index> random_state;
  std::optional<Index> max_leaf_nodes;
  double min_impurity_decrease = 0.0;
  double ccp_alpha = 0.0;
};

/// Those that forests have beside them.
struct ForestParams : TreeParams {
  Index n_estimators = 100;
  bool oob_score = false;
  Value max_samples;
};

class CartFamily : public Estimator {
 public:
  MayMiss may_miss(const Schema*, const MayMiss&) const final { return MayMiss::everywhere(); }
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  Fusion fusion() const final { return {.splits = true}; }

 protected:
  /// What is to be grown of so many columns; `seed`: where random_state is None.
  virtual trees::CartTask task(Index columns, std::uint64_t seed) const = 0;
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;

 private:
  std::vector<trees::CartTask> tasks_of(std::span<const Candidate> batch, Index columns,
                                        Index classes, std::uint64_t seed) const;
};

}  // namespace superstep
