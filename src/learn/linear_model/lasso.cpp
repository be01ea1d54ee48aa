// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/lasso.hpp>

#include <superstep/learn/linear_model/elastic_net.hpp>
#include <superstep/learn/linear_model/linear_model.hpp>

#include "learn/linear_model/moment_fits.hpp"

namespace superstep {

const ParamTable<LassoParams>& Lasso::param_table() const {
  static const auto table =
      ParamTable<LassoParams>("Lasso",
                              "Least squares with a penalty on |coef|, so that few are not zero.")
          .add("alpha", &LassoParams::alpha, at_least(0.0), "strength of the penalty")
          .add("fit_intercept", &LassoParams::fit_intercept, anything(),
               "whether a constant is fitted, without penalty")
          .refuse("precompute", {false, true}, "the Gram matrix is always used")
          .refuse("copy_X", {true, false}, "the data are never changed")
          .add("max_iter", &LassoParams::max_iter, at_least(1), "most sweeps over the coefficients")
          .add("tol", &LassoParams::tol, at_least(0.0),
               "ends when the duality gap is below tol |y|^2, if the optimum itself was not found "
               "before")
          .refuse("warm_start", {false}, "a fit knows nothing of earlier ones")
          .add("positive", &LassoParams::positive, anything(), "coefficients may not be negative")
          .add("random_state", &LassoParams::random_state, anything(),
               "without effect, as in scikit-learn, unless selection is 'random'")
          .refuse("selection", {"cyclic"},
                  "coefficients are visited in order; the optimum is the same")
          .positional(1);
  return table;
}

Footprint Lasso::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return moment_fits_footprint(columns, batch, 3);
}

std::shared_ptr<const StageState> Lasso::gather(Engine& engine, const Table& table,
                                                std::span<const SplitPtr> splits) const {
  return gather_for_moment_fits(engine, table, splits);
}

TrainingCost Lasso::cost(Index columns, Index, std::span<const Candidate>) const {
  return least_squares_cost(columns);
}

std::vector<Trained> Lasso::train(Engine& engine, const Table& table, Batch batch) const {
  std::vector<CandidateOf<ElasticNetParams>> nets;
  for (const auto& [p, split, features, resume, gathered] : batch) {
    nets.push_back({{p.alpha, 1.0, p.fit_intercept, p.max_iter, p.tol, p.positive, p.random_state},
                    split,
                    features,
                    resume,
                    gathered});
  }
  return ElasticNet::train_as(name(), engine, table, nets);
}

std::shared_ptr<Model> Lasso::load_fitted(const AttributeReader& in) const {
  SavedLinearModel saved = read_linear_model(in, {{"n_iter_", Index{0}}, {"dual_gap_", 0.0}});
  return std::make_shared<LinearModel>(saved.coef, saved.intercept, std::move(saved.others),
                                       FitReport{});
}

}  // namespace superstep
