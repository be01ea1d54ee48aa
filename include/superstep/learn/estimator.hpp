// SPDX-License-Identifier: BSD-3-Clause
// An estimator: hyper-parameters from one table, and mathematics that trains several candidates in
// the same passes (rule 4). One model is a batch of one.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <superstep/core/params.hpp>
#include <superstep/engine/engine.hpp>
#include <superstep/learn/candidate.hpp>

namespace superstep {

enum class Kind { transformer, classifier, regressor, clusterer };

class Data;
class Fitted;

class Estimator {
 public:
  virtual ~Estimator() = default;

  /// Trains on a dataset of a session (learn/session.hpp). **Collective.**
  Fitted fit(const Data& data) const;

  virtual Kind kind() const = 0;
  /// Whether its models can do it (Model::can). As given here, predictors predict, classifiers give
  /// probabilities, transformers and clusterers transform.
  virtual bool can(Method method) const;
  virtual std::unique_ptr<Estimator> clone() const = 0;
  /// "Ridge(alpha=1.0, ...)": every parameter.
  virtual std::string expression() const = 0;
  virtual std::string name() const = 0;
  /// Sets a hyper-parameter (`alpha`; `ridge__alpha` in a pipeline). UsageError names the nearest.
  virtual void set(std::string_view param, const Value& value) = 0;
  virtual Value get(std::string_view param) const = 0;
  /// Sets what an expression gives, positional arguments too.
  virtual void apply(const EstimatorExpression& expression) = 0;
  /// UsageError unless every parameter is in its range: parameters may come from C++ code.
  virtual void check_params() const = 0;

  /// In which of its columns NaN may stand for missing values, if it may be everywhere `behind` it,
  /// or nowhere. `columns`: what they are, where that is known; else null.
  virtual MayMiss may_miss(const Schema* columns, const MayMiss& behind) const;
  /// DataError unless it can work on such columns: as a rule, on numbers.
  virtual void check_columns(const Schema& columns) const;
  /// At most so many columns will be behind it, as far as the columns tell.
  virtual Index most_columns_behind(const Schema& columns) const { return columns.size(); }
  /// Whether it transforms the targets, not the columns: no step of a pipeline.
  virtual bool transforms_targets() const { return false; }
  /// What training reads of /y.
  virtual Target target() const;
  /// Whether it learns from targets however they are read for others beside it; target() is how
  /// where nobody else learns from them.
  virtual bool follows_targets() const { return false; }
  /// Whether it learns several numbers for each row at once, a /y of several columns.
  virtual bool takes_targets() const { return false; }
  /// What training these candidates, all of this type, together needs beside the blocks, for a
  /// table of so many columns and classes (outcomes_of()).
  virtual Footprint footprint(Index columns, Index classes,
                              std::span<const Candidate> batch) const = 0;
  /// With this much all that can share passes does; with less some wait for others. As given here,
  /// what fit_batch() trains side by side.
  virtual Footprint ample_footprint(Index columns, Index classes,
                                    std::span<const Candidate> batch) const;
  /// Whether training reads sparse rows of so many columns as they lie; else they are written out,
  /// block by block.
  virtual bool reads_sparse(Index columns) const {
    static_cast<void>(columns);
    return false;
  }
  /// Whether it makes sparse rows of a column of texts, and takes nothing else.
  virtual bool reads_texts() const { return false; }
  /// Whether sparse rows stay sparse behind its models (Model::keeps_sparse).
  virtual bool keeps_sparse() const { return false; }
  /// What it costs, for the plan of a search.
  virtual TrainingCost cost(Index columns, Index classes,
                            std::span<const Candidate> batch) const = 0;
  /// Statistic bits that training tells of held-out rows, as a rule.
  virtual unsigned tells() const { return 0; }
  /// Whether its trainings may end with a look at the model itself, in which Candidate::judge can
  /// judge it.
  virtual bool ends_with_a_look() const { return false; }
  /// What train_batch takes as it is.
  virtual Fusion fusion() const { return {}; }
  /// Whether gather() finds out what training wants first: something of the rows as they are,
  /// whatever affine maps come in front of them. It can be had while those are trained.
  virtual bool gathers() const { return false; }
  /// That, for candidates that train on these splits. **Collective**, one pass as a rule.
  virtual std::shared_ptr<const StageState> gather(Engine&, const Table&,
                                                   std::span<const SplitPtr>) const {
    return nullptr;
  }
  /// Whether the maps of its models are affine (Model::affine).
  virtual bool gives_affine_maps() const { return false; }
  /// Estimators of equal families share passes when they are trained in one batch.
  virtual std::string family() const { return name(); }

  /// Trains every candidate, all of this type, in as few passes as fusion() allows. The table's
  /// target is target(), or one that includes it. The bits of a model do not depend on the other
  /// candidates. A candidate that the data do not allow (AgreedError: bad data or usage) leaves its
  /// failure and does not harm the others. **Collective.**
  std::vector<Trained> fit_batch(Engine& engine, const Table& table,
                                 std::span<const Candidate> candidates) const;
  /// The model that `save` wrote.
  std::shared_ptr<Model> load(const AttributeReader& in) const {
    auto model = load_fitted(in);
    model->set_expression(expression());
    return model;
  }

 protected:
  virtual std::shared_ptr<Model> load_fitted(const AttributeReader& in) const = 0;
  /// The candidates in the same passes; with several splits or maps only where fusion() says so.
  /// One that fails fails the batch: fit_batch finds out which. **Collective.**
  virtual std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                           std::span<const Candidate> candidates) const = 0;

 private:
  std::vector<Trained> fit_each(Engine& engine, const Table& table,
                                std::span<const Candidate> candidates) const;
};

/// How many cells the candidates' partitions have together, all rows being one for those without a
/// split; at least one. Sums that are kept for each cell multiply by it.
Index cells_of(std::span<const Candidate> batch);

/// What footprints and costs depend on beside the columns: of a classifier the classes in the data,
/// of a regressor the targets where there are several; else 0. **Collective.**
Index outcomes_of(const Communicator& comm, const Estimator& estimator, Dataset& data);

/// What training them on that table needs beside the blocks. **Collective.**
Footprint footprint_for(const Engine& engine, const Estimator& estimator, const Table& table,
                        std::span<const Candidate> candidates);

/// With room for sparse rows to be written out, where the estimator does not read them as they are.
Footprint with_written_out(const Estimator& estimator, const Dataset& data, Footprint need);

/// AgreedError unless the dataset has the targets that the estimator learns from.
void check_target(const Estimator& estimator, const Dataset& data);

/// The estimator on its way to learn from these data.
Candidate candidate_of(const Estimator& estimator, const Dataset& data, SplitPtr split = nullptr);

/// AgreedError unless it can work on such columns. The same on every rank, without communication.
void require_columns(const Estimator& estimator, const Schema& columns);

/// Trains one model on a dataset: reads the classes, makes room, fits. **Collective.**
ModelPtr fit(Engine& engine, const Estimator& estimator, const std::shared_ptr<Dataset>& data);

/// What follows from the parameter struct `P` of an estimator `Derived`, which gives their table:
///   static const ParamTable<P>& param_table();
/// `Family` is the base that says how such estimators are trained (MomentRegressor, ...): one that
/// has its own way derives from EstimatorOf.
template <class Derived, class P, class Family>
class WithParams : public Family {
 public:
  explicit WithParams(P params = {}) : params_(std::move(params)) {}
  const P& params() const { return params_; }

  std::unique_ptr<Estimator> clone() const override {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
  std::string name() const override { return Derived::param_table().estimator(); }
  std::string expression() const override { return Derived::param_table().repr(params_); }
  void set(std::string_view param, const Value& value) override {
    Derived::param_table().set(params_, param, value);
  }
  void apply(const EstimatorExpression& expression) override {
    Derived::param_table().apply(params_, expression);
  }
  Value get(std::string_view param) const override {
    return Derived::param_table().get(params_, param);
  }
  void check_params() const override { Derived::param_table().check(params_); }

 private:
  P params_;
};

/// The base of an estimator that trains in a way of its own: it gives its table, `train` and
/// `load_fitted`.
template <class Derived, class P>
class EstimatorOf : public WithParams<Derived, P, Estimator> {
 public:
  using WithParams<Derived, P, Estimator>::WithParams;

 protected:
  using Batch = std::span<const CandidateOf<P>>;
  /// The mathematics. One model for each candidate. **Collective.**
  virtual std::vector<Trained> train(Engine& engine, const Table& table, Batch batch) const = 0;

 private:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final {
    std::vector<CandidateOf<P>> batch;
    for (const Candidate& c : candidates) {
      const auto& estimator = dynamic_cast<const EstimatorOf&>(*c.estimator);
      batch.push_back(
          {estimator.params(), c.split, c.features, c.resume, c.gathered, c.judge, c.columns});
    }
    return train(engine, table, batch);
  }
};

}  // namespace superstep
