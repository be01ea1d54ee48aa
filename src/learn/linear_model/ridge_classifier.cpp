// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/ridge_classifier.hpp>

#include "learn/class_weight.hpp"
#include "learn/class_weight_batch.hpp"
#include "learn/linear_model/linear_classifier.hpp"
#include "learn/linear_model/ridge_equations.hpp"

namespace superstep {

const ParamTable<RidgeClassifierParams>& RidgeClassifier::param_table() {
  using P = RidgeClassifierParams;
  static const auto table = with_solver(
      with_alpha_and_intercept(ParamTable<P>("RidgeClassifier", "Ridge regression on classes."))
          .add("class_weight", &P::class_weight, class_weight_range(),
               "factor on the weights of a class's rows"));
  return table;
}

void RidgeClassifier::check_params() const {
  WithParams::check_params();
  check_solver(name(), params().solver, params().positive);
}

MomentFit RidgeClassifier::solve(const Moments& m) const { return equations_of(params()).solve(m); }

MomentFit RidgeClassifier::refine(const Moments& m, const Spectrum& spectrum) const {
  if (params().positive) return MomentLearner::refine(m, spectrum);
  return equations_of(params()).refine(m, spectrum);
}

std::shared_ptr<Model> RidgeClassifier::model_of(const Engine& engine, const Table& table,
                                                 MomentFit& fit) const {
  if (!fit.converged) fit.warnings.push_back(said_of_sweeps(name(), fit));
  return std::make_shared<LinearClassifier>(
      table.data->classes(engine.comm()), LinearFunction(fit.coef.transpose(), fit.intercept),
      Probabilities::none, FitReport{fit.n_iter, fit.converged, fit.warnings});
}

std::shared_ptr<Model> RidgeClassifier::load_fitted(const AttributeReader& in) const {
  SavedLinearClassifier saved = read_linear_classifier(in);
  const LinearFunction function = saved.function();
  return std::make_shared<LinearClassifier>(std::move(saved.classes), function, Probabilities::none,
                                            FitReport{});
}

std::vector<Trained> RidgeClassifier::train_batch(Engine& engine, const Table& table,
                                                  std::span<const Candidate> candidates) const {
  const auto class_weight_of = [](const Candidate& c) -> const Value& {
    return dynamic_cast<const RidgeClassifier&>(*c.estimator).params().class_weight;
  };
  const auto train = [&](const Table& seen, std::span<const Candidate> some) {
    return MomentLearner::train_batch(engine, seen, some);
  };
  return train_by_class_weight(engine, table, candidates, {*this, class_weight_of, train});
}

}  // namespace superstep
