// SPDX-License-Identifier: BSD-3-Clause
// Regressors of means mu = exp(x coef + intercept): minimise  sum_i w_i d(y_i, mu_i) / sum_i w_i +
// alpha/2 |coef|^2, the intercept not penalised, 2 d being the deviance of a Tweedie distribution,
// whose variance goes by a power of its mean. One pass for moments, then one a step; models of
// different powers share them. An estimator brings the power, and which targets it takes.
#pragma once

#include <superstep/learn/estimator.hpp>

namespace superstep {

struct TweedieParams {
  double alpha = 1.0;
  bool fit_intercept = true;
  std::string solver = "lbfgs";
  Index max_iter = 100;
  double tol = 1e-4;
};

class TweedieFamily : public Estimator {
 public:
  Kind kind() const final { return Kind::regressor; }
  Footprint footprint(Index columns, Index classes,
                      std::span<const Candidate> batch) const override;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const override;
  bool gathers() const final { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const override;
  bool ends_with_a_look() const override { return true; }
  bool reads_sparse() const override { return true; }
  Fusion fusion() const final { return {true, true, true}; }

  /// The variance goes by this power of the mean.
  virtual double variance_power() const = 0;
  virtual TweedieParams settings() const = 0;
  /// Name of the loss in scikit-learn's words, and in a message which targets it takes and what to
  /// try with others.
  virtual std::string loss_name() const = 0;
  virtual std::string takes() const = 0;

 protected:
  /// AgreedError where a target is out of a loss's range, or all are zero.
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const override;
};

/// Those whose parameters choose the link. With the identity the loss is half the mean of squares,
/// which moments tell in one pass, shared with others. Candidates of one batch may differ in it.
class LinkedTweedieFamily : public TweedieFamily {
 public:
  virtual bool has_log_link() const = 0;

  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  Footprint ample_footprint(Index columns, Index classes,
                            std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const final;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const final;
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;
};

/// Adds what all of them have to the table of an estimator whose parameters P are TweedieParams and
/// more.
template <class P>
ParamTable<P> with_tweedie_params(ParamTable<P> table) {
  return std::move(table)
      .add("alpha", &P::alpha, at_least(0.0), "strength of the penalty")
      .add("fit_intercept", &P::fit_intercept, anything(),
           "whether a constant is fitted, without penalty")
      .add("solver", &P::solver, one_of({"lbfgs", "newton-cholesky"}),
           "both name the same optimum here")
      .add("max_iter", &P::max_iter, at_least(1), "most steps")
      .add("tol", &P::tol, greater_than(0.0),
           "ends when no entry of the gradient is larger, or the objective has reached its "
           "least value to 12 digits (more for a smaller tol)")
      .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
      .refuse("verbose", {0}, "progress is shown unless --quiet")
      .positional(0);
}

}  // namespace superstep
