// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/tree/cart_family.hpp>

#include "learn/trees/cart_model.hpp"
#include "learn/trees/forests.hpp"

namespace superstep {

std::vector<trees::CartTask> CartFamily::tasks_of(std::span<const Candidate> batch, Index columns,
                                                  Index classes, std::uint64_t seed) const {
  std::vector<trees::CartTask> tasks;
  for (const Candidate& c : batch) {
    tasks.push_back(dynamic_cast<const CartFamily&>(*c.estimator).task(columns, seed));
    tasks.back().split = c.split;
    tasks.back().rules.classes = classes;
  }
  return tasks;
}

Footprint CartFamily::footprint(Index columns, Index classes,
                                std::span<const Candidate> batch) const {
  return trees::forests_footprint(columns, tasks_of(batch, columns, classes, 0));
}

TrainingCost CartFamily::cost(Index columns, Index classes,
                              std::span<const Candidate> batch) const {
  return trees::forests_cost(columns, tasks_of(batch, columns, classes, 0));
}

std::vector<Trained> CartFamily::train_batch(Engine& engine, const Table& table,
                                             std::span<const Candidate> candidates) const {
  const Labels* classes =
      kind() == Kind::classifier ? &table.data->classes(engine.comm()) : nullptr;
  const std::vector<trees::CartTask> tasks = tasks_of(
      candidates, table.columns(), classes == nullptr ? 0 : classes->size(), engine.options().seed);
  std::vector<Trained> trained(candidates.size());
  std::vector<trees::GrownForest> grown = trees::grow_forests(engine, table, name(), tasks);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    trained[i].failure = grown[i].failure;
    if (trained[i].failure) continue;
    FittedCart fitted{table.columns(), {}, std::move(grown[i].forest), grown[i].oob_score};
    if (classes != nullptr) fitted.classes = *classes;
    FitReport report;
    report.warnings = std::move(grown[i].warnings);
    trained[i].model = std::make_shared<CartModel>(std::move(fitted), std::move(report));
  }
  return trained;
}

std::shared_ptr<Model> CartFamily::load_fitted(const AttributeReader& in) const {
  return CartModel::load(in, kind() == Kind::classifier);
}

}  // namespace superstep
