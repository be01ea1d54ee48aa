// SPDX-License-Identifier: BSD-3-Clause
// Linear regressors that second moments tell: one superstep for any number of candidates, folds and
// maps, then equations that each of them solves by itself, shared out over the ranks. What the
// moments do not resolve is looked at again, and the squared errors of held-out rows follow without
// a look. An estimator brings the equations.
#pragma once

#include <superstep/learn/estimator.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

namespace superstep {

struct Moments;
struct MomentFit;  // learn/linear_model/moment_fits.hpp, as are the equations' tools
struct Spectrum;

/// What is found from moments with one target or several: numbers, or for classes 1 and -1 of each.
class MomentLearner : public Estimator {
 public:
  Footprint footprint(Index columns, Index classes, std::span<const Candidate> batch) const final;
  TrainingCost cost(Index columns, Index classes, std::span<const Candidate> batch) const final;
  bool gathers() const final { return true; }
  std::shared_ptr<const StageState> gather(Engine& engine, const Table& table,
                                           std::span<const SplitPtr> splits) const final;
  Fusion fusion() const final { return {true, true, true}; }

  /// Around the means, or around zero.
  virtual bool fits_intercept() const = 0;
  /// Must not communicate. `is_resolved = false` where the moments do not tell.
  virtual MomentFit solve(const Moments& m) const = 0;
  /// What they do not tell, from the singular values of the rows themselves.
  virtual MomentFit refine(const Moments& m, const Spectrum& spectrum) const;
  /// How many matrices of the size of the Gram matrix a solution takes at a time, beside it.
  virtual Index matrices_to_solve() const { return 3; }
  virtual std::shared_ptr<Model> model_of(const Engine& engine, const Table& table,
                                          MomentFit& fit) const = 0;

 protected:
  std::vector<Trained> train_batch(Engine& engine, const Table& table,
                                   std::span<const Candidate> candidates) const override;
};

/// A regressor.
class MomentRegressor : public MomentLearner {
 public:
  Kind kind() const final { return Kind::regressor; }
  unsigned tells() const final;
  /// The fitted attributes beside coef_ and intercept_; may add warnings to the fit.
  virtual FittedAttributes conclude(MomentFit&) const { return {}; }
  /// Which of them, and of what type, a model file may have.
  virtual FittedAttributes attributes() const { return {}; }
  std::shared_ptr<Model> model_of(const Engine& engine, const Table& table,
                                  MomentFit& fit) const final;

 protected:
  std::shared_ptr<Model> load_fitted(const AttributeReader& in) const final;
};

}  // namespace superstep
