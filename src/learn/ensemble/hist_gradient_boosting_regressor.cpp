// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/hist_gradient_boosting_regressor.hpp>

#include <fmt/format.h>

#include <superstep/core/error.hpp>
#include "learn/ensemble/boosting_model.hpp"

namespace superstep {

namespace {

using P = HistGradientBoostingRegressorParams;

trees::Loss loss_of(const P& p) {
  if (p.loss == "absolute_error" || p.loss == "quantile") return trees::Loss::quantile;
  if (p.loss == "poisson") return trees::Loss::poisson;
  if (p.loss == "gamma") return trees::Loss::gamma;
  return trees::Loss::squared;
}

trees::BoostingTask task_of(const P& p, SplitPtr split, Index rows, std::uint64_t seed) {
  trees::BoostingTask task = boosting_task(p, std::move(split), rows, seed);
  task.loss = loss_of(p);
  if (p.loss == "quantile") task.quantile = p.quantile.value_or(0.5);
  // scikit-learn's absolute error is twice the loss of the median.
  if (task.stopping && p.loss == "absolute_error") task.stopping->tol *= 0.5;
  return task;
}

std::vector<trees::BoostingTask> tasks_of(std::span<const Candidate> batch) {
  std::vector<trees::BoostingTask> tasks;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const HistGradientBoostingRegressor&>(*c.estimator).params();
    tasks.push_back(task_of(p, c.split, 0, 0));
  }
  return tasks;
}

}  // namespace

const ParamTable<P>& HistGradientBoostingRegressor::param_table() {
  static const auto table =
      with_boosting_params(
          ParamTable<P>(
              "HistGradientBoostingRegressor",
              "Boosted trees: each a step down the loss, on histograms of binned columns.")
              .add("loss", &P::loss,
                   one_of({"squared_error", "absolute_error", "gamma", "poisson", "quantile"}),
                   "what is minimised")
              .add("quantile", &P::quantile, between(0.0, 1.0), "which, with loss='quantile'"))
          .positional(1);
  return table;
}

void HistGradientBoostingRegressor::check_params() const {
  EstimatorOf::check_params();
  if (params().loss == "quantile" && !params().quantile) {
    throw UsageError(
        "HistGradientBoostingRegressor: loss='quantile' needs to know which: quantile=0.9");
  }
}

Footprint HistGradientBoostingRegressor::footprint(Index columns, Index,
                                                   std::span<const Candidate> batch) const {
  return trees::boosting_footprint(columns, trees::most_bins, tasks_of(batch));
}

TrainingCost HistGradientBoostingRegressor::cost(Index columns, Index,
                                                 std::span<const Candidate> batch) const {
  return trees::boosting_cost(columns, tasks_of(batch));
}

std::vector<Trained> HistGradientBoostingRegressor::train(Engine& engine, const Table& table,
                                                          Batch batch) const {
  std::vector<trees::BoostingTask> tasks;
  std::vector<Index> bins;
  for (const auto& c : batch) {
    tasks.push_back(task_of(c.params, c.split, table.rows(), engine.options().seed));
    bins.push_back(c.params.max_bins);
  }
  return train_boosting(engine, table, name(), bins, tasks, nullptr);
}

std::shared_ptr<Model> HistGradientBoostingRegressor::load_fitted(const AttributeReader& in) const {
  return BoostingModel::load(in, false, [this](Index) { return loss_of(params()); });
}

}  // namespace superstep
