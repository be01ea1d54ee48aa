// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/poisson_regressor.hpp>

#include "learn/linear_model/tweedie_fits.hpp"

namespace superstep {

const ParamTable<PoissonRegressorParams>& PoissonRegressor::param_table() const {
  static const auto table = with_tweedie_params(ParamTable<PoissonRegressorParams>(
      "PoissonRegressor", "Rates of counts: exp of a linear function, penalty on coef^2."));
  return table;
}

Footprint PoissonRegressor::footprint(Index columns, Index,
                                      std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::tweedie, columns, 1, batch);
}

TrainingCost PoissonRegressor::cost(Index columns, Index, std::span<const Candidate> batch) const {
  return tweedie_cost<PoissonRegressor>(columns, batch);
}

std::shared_ptr<const StageState> PoissonRegressor::gather(Engine& engine, const Table& table,
                                                           std::span<const SplitPtr> splits) const {
  return gather_for_tweedie(engine, table, splits);
}

std::vector<Trained> PoissonRegressor::train(Engine& engine, const Table& table,
                                             Batch batch) const {
  const auto takes = [](math::TweedieLoss) {
    return "counts must be >= 0, use Ridge for other targets";
  };
  return fit_tweedie(engine, table, {name(), "HalfPoissonLoss", takes}, batch, 1.0);
}

std::shared_ptr<Model> PoissonRegressor::load_fitted(const AttributeReader& in) const {
  return read_tweedie_model(in);
}

}  // namespace superstep
