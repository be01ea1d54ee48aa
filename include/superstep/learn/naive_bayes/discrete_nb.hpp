// SPDX-License-Identifier: BSD-3-Clause
// What naive Bayes of counts, of words that occur or not, and of categories have in common: sums by
// class from one pass, smoothed by alpha, from which every probability follows. So all settings and
// folds of a search share that pass.
#pragma once

#include <memory>
#include <vector>

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct NBCounts;
class NBModel;

/// The base of an estimator of the family with parameters `P`: among them alpha, force_alpha,
/// fit_prior and class_prior. A derived class gives its table, what it counts, and what follows.
template <class P>
class DiscreteNB : public EstimatorOf<P> {
 public:
  using EstimatorOf<P>::EstimatorOf;

  Kind kind() const override { return Kind::classifier; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  Fusion fusion() const override { return {.splits = true}; }

 protected:
  using typename EstimatorOf<P>::Batch;
  std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;

  /// The sums that each candidate's model follows from, or why there is none. **Collective.**
  virtual std::vector<NBCounts> count(Engine& engine, const Table& table, Batch batch) const = 0;
  /// The model that follows. AgreedError where the parameters do not fit the data.
  virtual std::shared_ptr<NBModel> model_of(const P& params, NBCounts counts) const = 0;
  /// How many numbers are added up of a row, as far as it is known before rows are looked at.
  virtual Index summands(Index columns, std::span<const Candidate>) const { return columns; }
  /// Whether the categories of each column are counted; how many there are takes a pass before.
  virtual bool counts_categories() const { return false; }
};

}  // namespace superstep
