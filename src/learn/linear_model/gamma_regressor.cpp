// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/linear_model/gamma_regressor.hpp>

#include "learn/linear_model/tweedie_fits.hpp"

namespace superstep {

const ParamTable<GammaRegressorParams>& GammaRegressor::param_table() const {
  static const auto table = with_tweedie_params(ParamTable<GammaRegressorParams>(
      "GammaRegressor", "Means of positive amounts: exp of a linear function, penalty on coef^2."));
  return table;
}

Footprint GammaRegressor::footprint(Index columns, Index, std::span<const Candidate> batch) const {
  return glm_footprint(GlmLoss::tweedie, columns, 1, batch);
}

TrainingCost GammaRegressor::cost(Index columns, Index, std::span<const Candidate> batch) const {
  return tweedie_cost<GammaRegressor>(columns, batch);
}

std::shared_ptr<const StageState> GammaRegressor::gather(Engine& engine, const Table& table,
                                                         std::span<const SplitPtr> splits) const {
  return gather_for_tweedie(engine, table, splits);
}

std::vector<Trained> GammaRegressor::train(Engine& engine, const Table& table, Batch batch) const {
  const auto takes = [](math::TweedieLoss) {
    return "amounts must be > 0, use TweedieRegressor(power=1.5) where some are zero";
  };
  return fit_tweedie(engine, table, {name(), "HalfGammaLoss", takes}, batch, 2.0);
}

std::shared_ptr<Model> GammaRegressor::load_fitted(const AttributeReader& in) const {
  return read_tweedie_model(in);
}

}  // namespace superstep
