// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/gradient_boosting_classifier.hpp>

#include "learn/ensemble/boosting_model.hpp"
#include "learn/ensemble/gradient_boosting_params.hpp"

namespace superstep {

namespace {

using P = GradientBoostingClassifierParams;

trees::Loss loss_for(Index classes) {
  return classes > 2 ? trees::Loss::multinomial : trees::Loss::binary;
}

trees::BoostingTask task_of(const P& p, SplitPtr split, Index columns, Index rows, Index classes,
                            std::uint64_t seed) {
  trees::BoostingTask task = gradient_boosting_task(p, std::move(split), columns, rows, seed);
  task.loss = loss_for(classes);
  task.outputs = classes > 2 ? classes : 1;
  // scikit-learn judges by the deviance, which is twice the loss of two classes.
  if (task.stopping && classes <= 2) task.stopping->tol *= 0.5;
  return task;
}

std::vector<trees::BoostingTask> tasks_of(std::span<const Candidate> batch, Index columns,
                                          Index classes) {
  std::vector<trees::BoostingTask> tasks;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const GradientBoostingClassifier&>(*c.estimator).params();
    tasks.push_back(task_of(p, c.split, columns, 0, classes, 0));
  }
  return tasks;
}

}  // namespace

const ParamTable<P>& GradientBoostingClassifier::param_table() {
  static const auto table =
      with_gradient_boosting_params(
          ParamTable<P>("GradientBoostingClassifier",
                        "Boosted trees of small depth, on histograms of binned columns.")
              .add("loss", &P::loss, one_of({"log_loss"}),
                   "what is minimised; 'exponential' is not there"))
          .positional(0);
  return table;
}

bool GradientBoostingClassifier::can(Method method) const {
  return method == Method::decision_function || EstimatorOf::can(method);
}

Footprint GradientBoostingClassifier::footprint(Index columns, Index classes,
                                                std::span<const Candidate> batch) const {
  return trees::boosting_footprint(columns, trees::most_bins, tasks_of(batch, columns, classes));
}

TrainingCost GradientBoostingClassifier::cost(Index columns, Index classes,
                                              std::span<const Candidate> batch) const {
  return trees::boosting_cost(columns, tasks_of(batch, columns, classes));
}

std::vector<Trained> GradientBoostingClassifier::train(Engine& engine, const Table& table,
                                                       Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  std::vector<trees::BoostingTask> tasks;
  for (const auto& c : batch) {
    tasks.push_back(task_of(c.params, c.split, table.columns(), table.rows(), classes.size(),
                            engine.options().seed));
  }
  const std::vector<Index> bins(batch.size(), trees::most_bins);
  return train_boosting(engine, table, name(), bins, tasks, &classes);
}

std::shared_ptr<Model> GradientBoostingClassifier::load_fitted(const AttributeReader& in) const {
  return BoostingModel::load(in, true, loss_for);
}

}  // namespace superstep
