// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/gradient_boosting_regressor.hpp>

#include "learn/ensemble/boosting_model.hpp"
#include "learn/ensemble/gradient_boosting_params.hpp"

namespace superstep {

namespace {

using P = GradientBoostingRegressorParams;

trees::BoostingTask task_of(const P& p, SplitPtr split, Index columns, Index rows,
                            std::uint64_t seed) {
  trees::BoostingTask task = gradient_boosting_task(p, std::move(split), columns, rows, seed);
  task.loss = trees::Loss::squared;
  if (task.stopping) task.stopping->tol *= 0.5;  // scikit-learn judges by the whole square
  return task;
}

std::vector<trees::BoostingTask> tasks_of(std::span<const Candidate> batch, Index columns) {
  std::vector<trees::BoostingTask> tasks;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const GradientBoostingRegressor&>(*c.estimator).params();
    tasks.push_back(task_of(p, c.split, columns, 0, 0));
  }
  return tasks;
}

}  // namespace

const ParamTable<P>& GradientBoostingRegressor::param_table() {
  static const auto table =
      with_gradient_boosting_params(
          ParamTable<P>("GradientBoostingRegressor",
                        "Boosted trees of small depth, on histograms of binned columns.")
              .add("loss", &P::loss, one_of({"squared_error"}),
                   "what is minimised; 'absolute_error', 'huber' and 'quantile' are not there"))
          .add("alpha", &P::alpha, between(0.0, 1.0, Ends::open),
               "without effect: of losses that are not there")
          .positional(0);
  return table;
}

Footprint GradientBoostingRegressor::footprint(Index columns, Index,
                                               std::span<const Candidate> batch) const {
  return trees::boosting_footprint(columns, trees::most_bins, tasks_of(batch, columns));
}

TrainingCost GradientBoostingRegressor::cost(Index columns, Index,
                                             std::span<const Candidate> batch) const {
  return trees::boosting_cost(columns, tasks_of(batch, columns));
}

std::vector<Trained> GradientBoostingRegressor::train(Engine& engine, const Table& table,
                                                      Batch batch) const {
  std::vector<trees::BoostingTask> tasks;
  for (const auto& c : batch) {
    tasks.push_back(
        task_of(c.params, c.split, table.columns(), table.rows(), engine.options().seed));
  }
  const std::vector<Index> bins(batch.size(), trees::most_bins);
  return train_boosting(engine, table, name(), bins, tasks, nullptr);
}

std::shared_ptr<Model> GradientBoostingRegressor::load_fitted(const AttributeReader& in) const {
  return BoostingModel::load(in, false, [](Index) { return trees::Loss::squared; });
}

}  // namespace superstep
