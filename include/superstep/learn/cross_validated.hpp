// SPDX-License-Identifier: BSD-3-Clause
// Estimators that choose among settings of another one by cross-validation within their own
// training rows: RidgeCV, LassoCV, ElasticNetCV, LogisticRegressionCV. The folds of each candidate
// are a finer partition of the rows it trains on, so the fits of all settings, folds and candidates
// share their passes as those of a search do; the chosen setting is then fitted to all training
// rows, and its model is what comes out, with what was found on the way.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <superstep/data/k_folds.hpp>
#include <superstep/io/tree_file.hpp>
#include <superstep/learn/attributes.hpp>
#include <superstep/learn/estimator.hpp>

namespace superstep {

/// A fitted attribute of the choice: alpha_, mse_path_. A single value has no extents.
struct ChoiceAttribute {
  std::string name;
  TreeArray<double> values;
  Allowed allowed = allowed::not_negative;

  static ChoiceAttribute single(std::string name, double value,
                                Allowed allowed = allowed::not_negative) {
    return {std::move(name), {{}, {value}}, allowed};
  }
};
using ChoiceAttributes = std::vector<ChoiceAttribute>;

/// What one candidate sees: the rows that it trains on, through its map.
struct TrainingView {
  Engine& engine;
  const Table& table;
  SplitPtr split;                              ///< null: all rows
  AffineMapPtr features;                       ///< may be null
  std::shared_ptr<const StageState> gathered;  ///< by the estimator that is tried
};

/// The settings that are tried, in the order in which the first of equally good ones is chosen.
struct Tries {
  std::vector<std::unique_ptr<Estimator>> settings;
  ChoiceAttributes grid{};  ///< what the model tells of them
};

/// Scores of the held-out rows, by setting and fold, greater being better.
using TriedScores = std::vector<std::vector<double>>;

class CrossValidated;

/// One candidate on its way to its choice.
struct Choosing {
  const CrossValidated* estimator;
  const Candidate* candidate;
  std::vector<SplitPtr> folds;  ///< of the rows it trains on
  SplitPtr whole;               ///< all of those rows; null: of the table
  bool centred = true;          ///< moments are taken around the means
  std::shared_ptr<const StageState> gathered{};
  Tries tries{};
  TriedScores scores{};
  std::vector<std::string> warnings{};
};

class CrossValidated : public Estimator {
 public:
  Kind kind() const final { return tried()->kind(); }
  bool can(Method method) const final { return tried()->can(method); }
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  unsigned tells() const final { return tried()->tells(); }
  Fusion fusion() const final { return {true, true, true}; }

  /// The estimator whose settings are tried, with what all of them have in common.
  virtual std::unique_ptr<Estimator> tried() const = 0;
  /// How many settings there are.
  virtual Index count() const = 0;
  /// **Collective.**
  virtual Tries tries(const TrainingView& view) const = 0;
  /// The metric that decides.
  virtual std::string metric() const = 0;
  virtual const Value& cv() const = 0;
  /// Without folds: each row is left out in turn, and scores follow from one fit a setting.
  virtual bool leaves_one_out() const { return false; }
  /// Finds the scores of such candidates, one for each setting. **Collective.**
  virtual void leave_one_out(Engine&, const Table&, std::span<Choosing* const>) const {}
  virtual Footprint leave_one_out_footprint(Index) const { return {}; }
  KFolding folding(std::uint64_t seed) const;
  /// What becomes of the scores: attributes beside those of the grid.
  virtual ChoiceAttributes conclude(const Tries& tries, const TriedScores& scores,
                                    std::size_t best) const = 0;
  /// Which attributes a model file has, each with its extents.
  virtual ChoiceAttributes attributes() const = 0;

 protected:
  /// UsageError unless cv and metric are such as it can use.
  void check_choice() const;
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;
};

/// The base of an estimator whose parameters P have a `cv`; `Family` is CrossValidated or made of
/// it.
template <class Derived, class P, class Family = CrossValidated>
class CrossValidatedOf : public WithParams<Derived, P, Family> {
 public:
  using WithParams<Derived, P, Family>::WithParams;
  void check_params() const override {
    WithParams<Derived, P, Family>::check_params();
    this->check_choice();
    this->tried()->check_params();
  }
  const Value& cv() const final { return this->params().cv; }
};

/// What `cv` may be: None, an int, KFold(...) or StratifiedKFold(...).
Range cv_range();

}  // namespace superstep
