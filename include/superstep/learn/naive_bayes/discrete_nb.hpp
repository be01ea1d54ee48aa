// SPDX-License-Identifier: BSD-3-Clause
// Naive Bayes of counts, of what is above a threshold or not, and of categories: sums by class from
// one pass, smoothed by alpha, from which every probability follows. So all settings and folds of a
// search share that pass. An estimator brings its parameters and what follows.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct NBCounts;  // learn/naive_bayes/discrete_nb.hpp, as are the tools for what follows
struct NBFit;
class NBModel;

/// The parameters that all have.
struct NBSettings {
  Value alpha;  ///< a number, or one for each column
  bool force_alpha;
  bool fit_prior;
  Value class_prior;
};

class DiscreteNB : public Estimator {
 public:
  Kind kind() const final { return Kind::classifier; }
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  Fusion fusion() const final { return {.splits = true}; }

  virtual NBSettings settings() const = 0;
  /// The model that follows from the counts and the settings. AgreedError where there is none.
  virtual std::shared_ptr<NBModel> conclude(NBFit fit) const = 0;
  /// What is counted for each candidate, or why there is none; as given here, sums of the values,
  /// none of which may be negative. **Collective.**
  virtual std::vector<NBCounts> count(Engine& engine, const Table& table,
                                      std::span<const Candidate> candidates) const;
  /// How many numbers are added up of a row, as far as it is known before rows are looked at, and
  /// whether they are written down for that.
  virtual Index summands(Index columns, std::span<const Candidate>) const { return columns; }
  virtual bool writes_summands() const { return false; }
  /// Whether the categories of each column are counted; how many there are takes a pass before.
  virtual bool counts_categories() const { return false; }

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;

 private:
  std::shared_ptr<NBModel> model_of(NBCounts counts) const;
};

}  // namespace superstep
