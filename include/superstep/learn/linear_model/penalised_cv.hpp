// SPDX-License-Identifier: BSD-3-Clause
// ElasticNetCV and LassoCV: alpha, and l1_ratio where there are several, with the least mean
// squared error of held-out rows, along a path of alphas for each l1_ratio. One pass tells the
// moments of all folds, from which the whole path of each is solved and judged.
#pragma once

#include <superstep/learn/cross_validated.hpp>

namespace superstep {

struct ElasticNetCVParams {
  Value l1_ratio = 0.5;  ///< a number or a list
  double eps = 1e-3;
  Value alphas = 100;  ///< how many, or a list
  bool fit_intercept = true;
  Index max_iter = 1000;
  double tol = 1e-4;
  Value cv{};
  bool positive = false;
  std::optional<Index> random_state = {};
};

class PenalisedCV : public CrossValidated {
 public:
  /// What it is asked for.
  virtual ElasticNetCVParams path() const = 0;
  virtual bool has_l1_ratio() const { return true; }
  virtual std::unique_ptr<Estimator> with(double alpha, double l1_ratio) const = 0;

  std::unique_ptr<Estimator> tried() const final { return with(1.0, 1.0); }
  Index count() const final;
  Tries tries(const TrainingView& view) const final;
  std::string metric() const final { return "neg_mean_squared_error"; }
  ChoiceAttributes conclude(const Tries& tries, const TriedScores& scores,
                            std::size_t best) const final;
  ChoiceAttributes attributes() const final;
};

/// A whole number of alphas, or a list of them.
Range alphas_range();
template <class P>
ParamTable<P> with_path(ParamTable<P> table) {
  return std::move(table)
      .add("eps", &P::eps, greater_than(0.0), "the least alpha of a path over its largest")
      .add("alphas", &P::alphas, alphas_range(),
           "how many, from the least at which all coefficients are zero down; or those to try")
      .add("fit_intercept", &P::fit_intercept, anything(),
           "whether a constant is fitted, without penalty")
      .refuse("precompute", {"auto", true, false}, "the Gram matrix is always used")
      .add("max_iter", &P::max_iter, at_least(1), "most sweeps over the coefficients")
      .add("tol", &P::tol, at_least(0.0),
           "ends when the duality gap is below tol |y|^2, if the optimum itself was not found "
           "before")
      .refuse("copy_X", {true, false}, "the data are never changed")
      .add("cv", &P::cv, cv_range(), "folds of the training rows; None: 5")
      .refuse("verbose", {0, false, true}, "progress is shown unless --quiet")
      .refuse("n_jobs", {nullptr, 1, -1}, "ranks and --threads say how many work")
      .add("positive", &P::positive, anything(), "coefficients may not be negative")
      .add("random_state", &P::random_state, anything(),
           "without effect, as in scikit-learn, unless selection is 'random'")
      .refuse("selection", {"cyclic"},
              "coefficients are visited in order; the optimum is the same");
}

}  // namespace superstep
