// SPDX-License-Identifier: BSD-3-Clause
#include <superstep/learn/ensemble/hist_gradient_boosting_classifier.hpp>

#include "learn/class_weight.hpp"
#include "learn/ensemble/boosting_model.hpp"

namespace superstep {

namespace {

using P = HistGradientBoostingClassifierParams;

trees::Loss loss_for(Index classes) {
  return classes > 2 ? trees::Loss::multinomial : trees::Loss::binary;
}

trees::BoostingTask task_of(const P& p, SplitPtr split, Index rows, Index classes,
                            std::uint64_t seed) {
  trees::BoostingTask task = boosting_task(p, std::move(split), rows, seed);
  task.loss = loss_for(classes);
  task.outputs = classes > 2 ? classes : 1;
  task.class_weight = p.class_weight;
  return task;
}

std::vector<trees::BoostingTask> tasks_of(std::span<const Candidate> batch, Index classes) {
  std::vector<trees::BoostingTask> tasks;
  for (const Candidate& c : batch) {
    const auto& p = dynamic_cast<const HistGradientBoostingClassifier&>(*c.estimator).params();
    tasks.push_back(task_of(p, c.split, 0, classes, 0));
  }
  return tasks;
}

}  // namespace

const ParamTable<P>& HistGradientBoostingClassifier::param_table() {
  static const auto table =
      with_boosting_params(
          ParamTable<P>(
              "HistGradientBoostingClassifier",
              "Boosted trees: each a step down the loss, on histograms of binned columns.")
              .add("loss", &P::loss, one_of({"log_loss"}), "what is minimised"))
          .add(
              "class_weight", &P::class_weight, class_weight_range(),
              "factors on the weights of the classes' rows; 'balanced': all classes weigh the same")
          .positional(1);
  return table;
}

bool HistGradientBoostingClassifier::can(Method method) const {
  return method == Method::decision_function || EstimatorOf::can(method);
}

Footprint HistGradientBoostingClassifier::footprint(Index columns, Index classes,
                                                    std::span<const Candidate> batch) const {
  return trees::boosting_footprint(columns, trees::most_bins, tasks_of(batch, classes));
}

TrainingCost HistGradientBoostingClassifier::cost(Index columns, Index classes,
                                                  std::span<const Candidate> batch) const {
  return trees::boosting_cost(columns, tasks_of(batch, classes));
}

std::vector<Trained> HistGradientBoostingClassifier::train(Engine& engine, const Table& table,
                                                           Batch batch) const {
  const Labels& classes = table.data->classes(engine.comm());
  std::vector<trees::BoostingTask> tasks;
  std::vector<Index> bins;
  for (const auto& c : batch) {
    tasks.push_back(
        task_of(c.params, c.split, table.rows(), classes.size(), engine.options().seed));
    bins.push_back(c.params.max_bins);
  }
  return train_boosting(engine, table, name(), bins, tasks, &classes);
}

std::shared_ptr<Model> HistGradientBoostingClassifier::load_fitted(
    const AttributeReader& in) const {
  return BoostingModel::load(in, true, loss_for);
}

}  // namespace superstep
